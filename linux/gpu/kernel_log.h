/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's log. Who may not open it can be given it as the standard input: only opening takes rights, reading takes
   none. No child ever has it. */
#ifndef LINUX_GPU_KERNEL_LOG_H
#define LINUX_GPU_KERNEL_LOG_H

/* Takes the standard input if it is the log, and leaves /dev/null in its place. Before the first child. */
void kernel_log_take(void);
/* Returns a descriptor that reads the log from its first record on without ever waiting, or -1 with errno set. */
int kernel_log_open(void);
/* Puts what was taken back, for the executable that the agent becomes; and takes it again, as it became none. Meanwhile no
   child is started. */
void kernel_log_hand_over(void);
void kernel_log_keep(void);

#endif
