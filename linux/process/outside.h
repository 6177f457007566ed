/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service manager does to the agent alone: programs are not in its mount namespace, and have none of its
   protection when memory or processors run out. Only for linux/. */
#ifndef LINUX_PROCESS_OUTSIDE_H
#define LINUX_PROCESS_OUTSIDE_H

/* The variable of the unit that names the mount namespace of programs. Children do not get it. */
#define OUTSIDE_VARIABLE "PERISCOPED_PROGRAM_MOUNTS"

/* In a child that still has the agent's rights, where only system calls are safe: leaves the agent's mount namespace and
   enters the agent's working directory again. Returns 0 or the errno. */
int outside_enter_mounts(void);
/* In the same place: gives up the agent's protection. Returns 0 or the errno. */
int outside_drop_protection(void);

#endif
