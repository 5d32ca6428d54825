"""The REST interface of processing."""
