"""What boxes need of the host, whatever the backend.

- ``cgroup``: control groups. ``memory``, ``disk``: limits that neither a control group nor a file system enforces.
- ``lease``: who owns what a box leaves on the host, and who cleans up after it.
- ``folder``: counts and deletes folders that an adversary filled. ``kernel``: reads the kernel's files quickly.
"""
