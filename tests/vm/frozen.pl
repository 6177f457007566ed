# SPDX-License-Identifier: LGPL-2.1-or-later
# A file system in a Debian guest that answers until a file's bytes are asked for (tests/integration/frozen.py has it in
# Python, and says more).
#
# usage: perl frozen.pl <&DEVICE    serves, with /dev/fuse, which a mount has been made with, as its standard input
use strict;
use warnings;

my ($LOOKUP, $GETATTR, $OPEN, $READ, $STATFS, $INIT) = (1, 3, 14, 15, 17, 26);
my ($FILE, $SIZE, $ENOSYS) = (2, 1 << 16, 38);

sub attributes {
    my ($inode) = @_;
    my ($mode, $size) = $inode == $FILE ? (0100666, $SIZE) : (040777, 0);
    return pack "Q6 L10", $inode, $size, 0, 0, 0, 0, 0, 0, 0, $mode, 1, 0, 0, 0, 4096, 0;
}

my %body = (
    $INIT => sub { pack "L4 S2 L2 S2 L8", 7, 31, 0, 0, 12, 9, 1 << 16, 1, (0) x 10 },
    $LOOKUP => sub { pack("Q4 L2", $FILE, 0, 3600, 3600, 0, 0) . attributes($FILE) },
    $GETATTR => sub { pack("Q L2", 3600, 0, 0) . attributes($_[0]) },
    $OPEN => sub { pack "Q L2", 1, 0, 0 },
    $STATFS => sub { "\0" x 80 },
);

open(my $device, "+<&=", 0) or die;
while (sysread $device, my $request, (1 << 17) + 4096) {
    my (undef, $operation, $unique, $inode) = unpack "L2 Q2", $request;
    next if $operation == $READ;
    my $answer = $body{$operation} ? $body{$operation}->($inode) : "";
    my $error = $body{$operation} ? 0 : -$ENOSYS;
    syswrite($device, pack("L l Q", 16 + length $answer, $error, $unique) . $answer) or warn "$operation: $!";
}
warn "read: $!";
