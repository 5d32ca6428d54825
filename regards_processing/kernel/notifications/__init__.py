"""What operators are told by message: `NotificationEvent`."""
