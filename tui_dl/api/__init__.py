"""The remote API. Not yet served."""
