"""Made-up patients whose true geometry is known: anatomy as signed distances, painted onto any grid.

``shapes`` has the forms, ``scene`` puts them in order of priority and paints or integrates them, ``abdomen``, ``trunk``
and ``brain`` say what lies where, ``variation`` makes one patient differ from the next, ``truth`` computes what a
measurement must find, and ``write`` makes the files.
"""
