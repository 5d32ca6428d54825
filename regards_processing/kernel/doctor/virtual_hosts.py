"""What to do for a virtual host that does not let us in."""

from regards_processing.kernel.amqp.connection import BrokerAddress


def made_as(address: BrokerAddress) -> str:
    """Return how a virtual host is made, one step a line."""
    return (
        f"rabbitmqctl add_vhost {address.virtual_host}\n{permitted_as(address)}\n"
        "A manager, or the bridge, makes a missing one when it connects, "
        "where BROKER_MANAGEMENT_URL names an administrator."
    )


def permitted_as(address: BrokerAddress) -> str:
    """Return how its user may do everything there."""
    return f"rabbitmqctl set_permissions -p {address.virtual_host} {address.user} '.*' '.*' '.*'"
