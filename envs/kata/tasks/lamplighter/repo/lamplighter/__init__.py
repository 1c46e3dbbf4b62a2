"""The subscriptions of The Lamplighter, a monthly for people who read at night."""
