"""The other side of the engine: what a client does to submit requests and to follow them over AMQP."""
