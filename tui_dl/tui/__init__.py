"""The screen: a projection of immutable snapshots, and keys that ask the service.

``view`` decides what is shown (pure), ``widgets`` paint it, ``screens`` join them.
Nothing here touches the engine, the network or the disk beyond opening a finished file.
"""
