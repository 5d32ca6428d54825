"""Virtual hosts of tenants (mode `MULTI` of REGARDS), joined to the one that the platform works in.

Note: what the bridge is.
    The platform works in one virtual host, that of ``BROKER_URL``. Where REGARDS gives each tenant a virtual
    host, clients, workers and other services speak there. The bridge passes on what they send, and hands to
    each virtual host what concerns its tenants; managers and fleets know nothing of it.

    - In: requests, answers, heartbeats, deletions, orders of executions, dead letters of dispatches. A
      message that names a tenant of another virtual host is refused.
    - Out: responses, session steps, notifications, results of executions, changes of configurations. RabbitMQ
      sorts them by tenant into a queue for each virtual host, so that none waits for another one.
    - Dispatches to workers that do not run on our SDK, of worker types that were heard of over the bridge, go
      to the virtual host of the request's tenant.

    A message is acknowledged when the other side has it. It may come twice then, and never not at all.
"""
