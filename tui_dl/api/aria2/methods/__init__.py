"""The methods of the dialect, one module a family; ``table.py`` gives them their names."""
