#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a hostile test does in the guest, in the one language that every Debian has. It has the rights of the session's user.
#
# usage: hostile.pl connect HOST PORT          print "something" or "nothing": what the agent sends
#        hostile.pl leave HOST PORT FILE COUNT connect, send the file and close the connection at once
#        hostile.pl fake MODE NUMBER [WORD...] be an X server: silent, false or huge; the words are for who reads its arguments
use strict;
use warnings;
use IO::Socket::UNIX;
use Socket qw(:DEFAULT :addrinfo SOMAXCONN);

$| = 1;

sub dial {
    my ($host, $port) = @_;
    my ($error, $found) = getaddrinfo($host, $port, {flags => AI_NUMERICHOST, socktype => SOCK_STREAM});
    die "$host: $error\n" if $error;
    socket(my $socket, $found->{family}, SOCK_STREAM, 0) or die "socket: $!\n";
    connect($socket, $found->{addr}) or die "$host: $!\n";
    return $socket;
}

sub slurp {
    open(my $file, "<:raw", $_[0]) or die "$_[0]: $!\n";
    local $/;
    return <$file>;
}

# ---- an X server ----

sub noise {
    return join "", map { chr int rand 256 } 1 .. $_[0];
}

# The answer to a client that connects: one screen with one visual.
sub setup {
    my ($width, $height) = @_;
    my $rest = pack("V4 v2 C8 x4", 1, 0x200000, 0x1fffff, 256, 4, 65535, 1, 1, 0, 0, 32, 32, 8, 255) . "fake" .
        pack("CCC x5", 24, 32, 32) .
        pack("V5 v6 V C4", 0x100, 0x101, 0xffffff, 0, 0, $width, $height, 300, 200, 1, 1, 0x102, 0, 0, 24, 1) .
        pack("C x v x4", 24, 1) . pack("V CC v V3 x4", 0x102, 4, 8, 256, 0xff0000, 0xff00, 0xff);
    return pack("C x v3", 1, 11, 0, length($rest) / 4) . $rest;
}

sub answer {
    my ($mode, $opcode, $sequence) = @_;
    return pack("C x v V C4 x20", 1, $sequence, 0, 1, 128 + $sequence % 100, 0, 0) if $opcode == 98; # QueryExtension: yes
    my $len = $mode eq "huge" ? 0x3fffffff : int rand 16;
    my $sent = $mode eq "huge" ? 1 << 20 : 4 * $len;
    return pack("CC v V", 1, rand 256, $sequence, $len) . noise(24) . noise($sent > 4096 ? 4096 : $sent) .
        "\0" x ($sent > 4096 ? $sent - 4096 : 0);
}

sub serve {
    my ($client, $mode) = @_;
    my ($head, $body, $sequence) = ("", "", 0);
    sleep if $mode eq "silent";
    return unless read($client, $head, 12) == 12;
    my ($name, $data) = (unpack "C x v3", $head)[3, 4];
    read($client, $body, ($name + 3 & ~3) + (($data || 0) + 3 & ~3));
    print $client ($mode eq "huge" ? setup(65535, 65535) : setup(1280, 800));
    while (read($client, $head, 4) == 4) {
        my ($opcode, $len) = unpack "C x v", $head;
        read($client, $body, 4 * $len - 4) if $len > 1;
        print $client answer($mode, $opcode, ++$sequence & 0xffff);
    }
}

sub fake {
    my ($mode, $number) = @_;
    my $path = "/tmp/.X11-unix/X$number";
    unlink $path;
    my @listeners = map { IO::Socket::UNIX->new(Local => $_, Listen => SOMAXCONN) or die "$_: $!\n" } $path, "\0$path";
    $SIG{CHLD} = "IGNORE";
    $SIG{PIPE} = "DEFAULT";
    my $second = fork() == 0;
    print "READY\n" unless $second;
    while (my $client = $listeners[$second]->accept) {
        $client->autoflush(1);
        next if fork;
        serve($client, $mode);
        exit;
    }
}

my $verb = shift // "";
if ($verb eq "connect") {
    my $socket = dial(@ARGV);
    print sysread($socket, my $byte, 1) ? "something\n" : "nothing\n";
} elsif ($verb eq "leave") {
    my ($host, $port, $path, $count) = @ARGV;
    my $data = slurp($path);
    for (1 .. $count) {
        my $socket = dial($host, $port);
        syswrite($socket, $data);
        close($socket);
    }
} elsif ($verb eq "fake") {
    fake(@ARGV);
} else {
    die "what?\n";
}
