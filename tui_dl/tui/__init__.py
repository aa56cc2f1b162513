"""The Textual app: a projection of immutable snapshots."""
