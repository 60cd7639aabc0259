"""What every task shares; knows no task and no verb."""
