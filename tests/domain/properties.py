"""How hard the property tests of this room try. No deadline: a slow machine is no defect."""

from hypothesis import settings

moderate = settings(max_examples=120, deadline=None)
thorough = settings(max_examples=400, deadline=None)
