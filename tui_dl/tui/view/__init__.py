"""What is shown, as plain values: lines of inked spans. Pure, and free of Textual."""
