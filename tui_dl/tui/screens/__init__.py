"""The screens and dialogs: they join widgets to the service's actions."""
