"""A virtual host that is missing is made through the management interface, as the contract says."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress, open_connection
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import VirtualHostMissing
from regards_processing.kernel.amqp.loop import BulkLoop
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.amqp.virtual_hosts import VirtualHosts
from tests.integration.kernel.amqp.reading import NoteTaker
from tests.integration.kernel.doctor.management import answering
from tests.stack.environment import Servers, throw_away_name, with_path
from tests.stack.managed_vhosts import Office, open_office

ADDRESS = BrokerAddress(url="amqp://eve%2B:s3cret@127.0.0.1:1/teams%2Fa%20b")
HOST = "/api/vhosts/teams%2Fa%20b"
PERMISSIONS = "/api/permissions/teams%2Fa%20b/eve%2B"
EVERYTHING = {"configure": ".*", "write": ".*", "read": ".*"}
REQUEST = Outbound(exchange=topology.REQUEST_EXCHANGE, headers={"regards.tenant": "perf"}, body=b"x")


class Interface:
    """Notes what is put, and answers as it is told."""

    def __init__(self, *statuses: int) -> None:
        self.puts: list[tuple[str, Any]] = []
        self._statuses = iter(statuses)

    def put(self, path: str, body: Any) -> int:
        self.puts.append((path, body))
        return next(self._statuses)


@pytest.fixture(autouse=True)
def _listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "regards_processing.kernel.amqp.virtual_hosts")


@pytest.fixture
def missing(servers: Servers) -> BrokerAddress:
    """Give a virtual host that nobody has made."""
    return BrokerAddress(url=with_path(servers.broker_url or "", throw_away_name("made")))


@pytest.fixture
def office(servers: Servers) -> Iterator[Office]:
    """Give a management interface that makes virtual hosts."""
    with open_office(servers.broker_url or "") as opened:
        yield opened


def _told(caplog: pytest.LogCaptureFixture, action: str) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if vars(record).get("action") == action]


def test_it_makes_the_virtual_host_and_lets_its_user_do_everything() -> None:
    interface = Interface(201, 201)
    with answering({}, on_put=interface.put) as url:
        assert VirtualHosts(management_url=url).create(ADDRESS)
    assert interface.puts == [(HOST, {}), (PERMISSIONS, EVERYTHING)]


def test_it_says_so_without_the_password(caplog: pytest.LogCaptureFixture) -> None:
    with answering({}, on_put=Interface(201, 201).put) as url:
        VirtualHosts(management_url=url).create(ADDRESS)
    (line,) = _told(caplog, "broker.virtual_host_created")
    assert (line["levelname"], line["virtual_host"], line["user"]) == ("INFO", "teams/a b", "eve+")
    assert line["broker"] == "amqp://127.0.0.1:1/teams%2Fa%20b"
    assert "s3cret" not in str(line)


def test_it_names_the_default_virtual_host_and_user() -> None:
    interface = Interface(201, 201)
    with answering({}, on_put=interface.put) as url:
        VirtualHosts(management_url=url).create(BrokerAddress(url="amqp://127.0.0.1:1"))
    assert [path for path, _ in interface.puts] == ["/api/vhosts/%2F", "/api/permissions/%2F/guest"]


def test_it_leaves_one_that_exists_as_it_is() -> None:
    interface = Interface()
    with answering({HOST: {"name": "teams/a b"}}, on_put=interface.put) as url:
        assert not VirtualHosts(management_url=url).create(ADDRESS)
    assert not interface.puts


def test_two_that_make_it_at_once_both_go_on() -> None:
    interface = Interface(204, 204)
    with answering({}, on_put=interface.put) as url:
        assert VirtualHosts(management_url=url).create(ADDRESS)


def test_it_gives_the_permissions_that_were_missing_when_it_was_cut_off() -> None:
    interface = Interface(201, 500, 204, 201)
    answers: dict[str, Any] = {}
    with answering(answers, on_put=interface.put) as url:
        hosts = VirtualHosts(management_url=url)
        assert not hosts.create(ADDRESS)
        answers[HOST] = {"name": "teams/a b"}
        assert hosts.create(ADDRESS)
    assert [path for path, _ in interface.puts] == [HOST, PERMISSIONS, HOST, PERMISSIONS]


def test_it_makes_nothing_without_a_management_interface() -> None:
    assert not VirtualHosts().create(ADDRESS)


@pytest.mark.parametrize("status", [401, 403])
def test_it_says_once_that_it_may_not(caplog: pytest.LogCaptureFixture, status: int) -> None:
    with answering({}, on_put=Interface(status, status).put) as url:
        hosts = VirtualHosts(management_url=url)
        assert [hosts.create(ADDRESS), hosts.create(ADDRESS)] == [False, False]
    (line,) = _told(caplog, "broker.virtual_host_not_created")
    assert (line["levelname"], line["virtual_host"], line["user"]) == ("ERROR", "teams/a b", "eve+")
    assert f"HTTP Error {status}" in line["reason"]
    # RabbitMQ's own words.
    assert '{"reason": "?"}' in line["reason"]
    assert "s3cret" not in str(line)


def test_it_says_once_that_the_login_is_wrong(caplog: pytest.LogCaptureFixture) -> None:
    with answering({}) as url:
        hosts = VirtualHosts(management_url=url.replace("word", "wrong"))
        assert [hosts.create(ADDRESS), hosts.create(ADDRESS)] == [False, False]
    (line,) = _told(caplog, "broker.virtual_host_not_created")
    assert ("401" in line["reason"], "wrong" in str(line)) == (True, False)


def test_it_says_that_nothing_listens(caplog: pytest.LogCaptureFixture) -> None:
    assert not VirtualHosts(management_url="http://ada:word@127.0.0.1:1").create(ADDRESS)
    (line,) = _told(caplog, "broker.virtual_host_not_created")
    assert "refused" in line["reason"]


def test_it_says_that_another_protocol_is_spoken_there(caplog: pytest.LogCaptureFixture) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=_answer_as_rabbitmq, args=(server,))
        thread.start()
        assert not VirtualHosts(management_url=f"http://127.0.0.1:{server.getsockname()[1]}").create(ADDRESS)
        thread.join()
    (line,) = _told(caplog, "broker.virtual_host_not_created")
    assert "AMQP" in line["reason"]


def test_it_goes_on_without_another_one_that_cannot_be_asked() -> None:
    interface = Interface()
    with answering({}, on_put=interface.put) as url:
        VirtualHosts(management_url=url, others=[ADDRESS]).create_others()
    assert not interface.puts


def _answer_as_rabbitmq(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(10_000)
        connection.sendall(b"AMQP\x00\x00\x09\x01")


@pytest.mark.rabbitmq
class TestOnRabbitMq:
    def test_the_driver_says_that_it_is_missing(self, missing: BrokerAddress) -> None:
        with pytest.raises(VirtualHostMissing, match=f"vhost {missing.virtual_host} not found"):
            open_connection(address=missing)

    @pytest.mark.django_db
    def test_a_loop_makes_it_when_it_connects_and_reads_on(
        self, missing: BrokerAddress, office: Office, caplog: pytest.LogCaptureFixture
    ) -> None:
        consumer, publisher = NoteTaker(expected=1), Publisher(address=missing)
        first_fails = iter([500])

        def put(path: str, body: Any) -> int:
            return next(first_fails, 0) or office.put(path, body)

        with answering(office.answers, on_put=put) as url:
            BulkLoop(
                [consumer],
                address=missing,
                topology=topology.shared_topology(),
                publisher=publisher,
                virtual_hosts=VirtualHosts(management_url=url),
                on_tick=lambda: publisher.publish_all([REQUEST]),
            ).run(consumer.stop)
        publisher.close()
        assert consumer.handled[0].body == b"x"
        actions = [vars(record).get("action") for record in caplog.records]
        assert actions.count("broker.virtual_host_not_created") == 1
        assert actions.count("broker.virtual_host_created") == 1

    def test_a_loop_makes_the_one_that_it_does_not_read(
        self, rabbitmq: BrokerAddress, missing: BrokerAddress, office: Office
    ) -> None:
        consumer, publisher = NoteTaker(expected=1), Publisher(address=rabbitmq)
        publisher.publish_all([REQUEST])
        BulkLoop(
            [consumer],
            address=rabbitmq,
            topology=topology.shared_topology(),
            publisher=publisher,
            virtual_hosts=VirtualHosts(management_url=office.url, others=[missing]),
        ).run(consumer.stop)
        publisher.close()
        open_connection(address=missing).release()
        assert len(office.puts) == 2

    def test_it_waits_for_one_that_another_process_is_just_making(
        self, missing: BrokerAddress, office: Office
    ) -> None:
        """It is there, but its user may not enter yet: as between the two steps of whoever makes it."""
        there = {f"/api/vhosts/{missing.virtual_host}": {"name": missing.virtual_host}}
        with answering(there) as url:
            hosts = VirtualHosts(management_url=url)
            assert not hosts.ensure(missing)
            other = threading.Thread(
                target=VirtualHosts(management_url=office.url).create, args=(missing,), daemon=True
            )
            other.start()
            assert hosts.ensure(missing, patience=30)
        other.join()

    def test_it_looks_no_more_for_one_that_is_there(self, rabbitmq: BrokerAddress, office: Office) -> None:
        hosts = VirtualHosts(management_url=office.url, others=[rabbitmq])
        hosts.create_others()
        hosts.create_others()
        assert not office.puts

    def test_it_looks_again_for_one_that_was_not_made(self, missing: BrokerAddress) -> None:
        interface = Interface(500, 201, 201)
        with answering({}, on_put=interface.put) as url:
            hosts = VirtualHosts(management_url=url, others=[missing])
            for _ in range(3):
                hosts.create_others()
        assert len(interface.puts) == 3
