"""What boxes need of the host, whatever the backend.

- ``cgroup``: control groups. ``memory``, ``disk``: the limits that no control group and no file system enforces.
- ``lease``: who owns what a box leaves on the host. ``folder``: counts and deletes folders that an adversary
  filled.
- ``kernel``: reads files of ``/proc`` and ``/sys`` quickly.
"""
