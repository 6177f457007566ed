/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's command line and the file that says the same. */
#include "tests/unit/agent/fake_files.h"
#include "tests/unit/check.h"

#include "platform/config.h"
#include "agent/options.h"

static struct options options;
static struct error err;
static char line[1024];

/* The status of "periscoped WORDS", split at blanks. */
static int parse(const char *words)
{
    static char *argv[32];
    int argc = 1;
    snprintf(line, sizeof line, "%s", words);
    options_deinit(&options);
    argv[0] = line + sizeof line - 2;
    for (char *next = line, *word; argc < 31 && (word = strtok(next, " ")); next = NULL)
        argv[argc++] = word;
    argv[argc] = NULL;
    err = (struct error){0};
    return options_parse(&options, argc, argv, &err);
}

static void check_refused(const char *words, const char *why)
{
    CHECK_INT(parse(words), ERR_INVALID);
    CHECK_TEXT(err.text, why);
}

static void nothing_but_a_port(void)
{
    CHECK_INT(parse("9000"), 0);
    CHECK_INT(options.port, 9000);
    CHECK_INT(options.allow.count, 0);
    CHECK_INT(options.protocol_minor, 7);
    CHECK_INT(options.max_clients, 400);
    CHECK_INT(options.io_timeout_s, 60);
    CHECK(!options.bind_to && !options.workdir && !options.run_as && !options.debug && !options.no_upgrade);
    CHECK_INT(parse("9000 host.example"), 0);
    CHECK_TEXT(options.allow.items[0], "host.example");
    check_refused("9000 host.example more", "unexpected argument 'more'");
    check_refused("", "no PORT given");
}

static void numbers_to_their_edges(void)
{
    CHECK_INT(parse("0"), 0);
    CHECK_INT(options.port, 0);
    CHECK_INT(parse("65535"), 0);
    CHECK_INT(options.port, 65535);
    static const char *const ports[] = {"65536", "+1", "0x10", "1.", "1e3", "4294967296", "18446744073709551617"};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
        CHECK_INT(parse(ports[i]), ERR_INVALID);
    CHECK_TEXT(err.text, "'18446744073709551617' is not a port");
    CHECK_INT(parse("--max-clients 1 --io-timeout=86400 1"), 0);
    CHECK_INT(options.max_clients, 1);
    CHECK_INT(options.io_timeout_s, 86400);
    CHECK_INT(parse("--max-clients 10000 --io-timeout=1 1"), 0);
    CHECK_INT(options.max_clients, 10000);
    check_refused("--max-clients 0 1", "--max-clients: '0' is not a number from 1 to 10000");
    check_refused("--max-clients 10001 1", "--max-clients: '10001' is not a number from 1 to 10000");
    check_refused("--io-timeout 0 1", "--io-timeout: '0' is not a number from 1 to 86400");
    check_refused("--io-timeout 86401 1", "--io-timeout: '86401' is not a number from 1 to 86400");
    check_refused("--io-timeout= 1", "--io-timeout: '' is not a number from 1 to 86400");
    check_refused("--io-timeout -1 1", "--io-timeout: '-1' is not a number from 1 to 86400");
}

static void each_form_of_an_option(void)
{
    CHECK_INT(parse("--bind=::1 --allow a --allow=b 7 c"), 0);
    CHECK_TEXT(options.bind_to, "::1");
    CHECK_INT(options.allow.count, 3);
    CHECK_TEXT(options.allow.items[2], "c");
    CHECK_INT(parse("--protocol 1.8 7"), 0);
    CHECK_INT(options.protocol_minor, 8);
    CHECK_INT(parse("--workdir a=b 7"), 0);
    CHECK_TEXT(options.workdir, "a=b");
    check_refused("--protocol 1.9 7", "--protocol: '1.9' is neither 1.7 nor 1.8");
    check_refused("--bin x 7", "unknown option '--bin'");
    check_refused("--binds x 7", "unknown option '--binds'");
    check_refused("7 --bind", "--bind needs a value: ADDRESS");
    check_refused("--debug=yes 7", "--debug takes no value");
    check_refused("-d 7", "unknown option '-d'");
}

static void what_goes_together(void)
{
    static const char *const alone[] = {"--install", "--uninstall", "--status", "--audit", "--selftest"};
    char both[64];
    for (size_t i = 0; i < 5; i++) {
        CHECK_INT(parse(alone[i]), 0);
        CHECK_INT(options.port, 9000);
        for (size_t j = 0; j < 5; j++) {
            snprintf(both, sizeof both, "%s %s", alone[i], alone[j]);
            CHECK_INT(parse(both), i == j ? 0 : ERR_INVALID);
        }
    }
    CHECK_INT(parse("--audit --fix"), 0);
    check_refused("--fix 1", "--fix is for --audit");
    CHECK_INT(parse("--install --autologon me"), 0);
    check_refused("--autologon me 1", "--autologon is for --install");
    check_refused("--install --detach", "--install: a service is in the background without --detach");
    CHECK_INT(parse("--selftest report.txt"), 0);
    CHECK_TEXT(options.report, "report.txt");
    CHECK_INT(parse("--version"), 0);
    CHECK_INT(parse("--help"), 0);
}

static void what_an_upgrade_added_is_hidden(void)
{
    CHECK_INT(parse("--resume=5.6 9000 host"), 0);
    CHECK_TEXT(options.resume, "5.6");
    CHECK_INT(options.argc, 3);
    CHECK_TEXT(options.argv[1], "9000");
    check_refused("9000 --resume=5.6", "unknown option '--resume=5.6'"); /* only at the front */
}

/* ---- the file ---- */

static int read_text(const char *text)
{
    files_reset("conf", text);
    return parse("--config conf");
}

static void check_wrong(const char *text, const char *why)
{
    CHECK_INT(read_text(text), ERR_INVALID);
    CHECK_TEXT(err.text, why);
    CHECK_INT(files.open_files, 0);
}

static void lines_of_the_file(void)
{
    CHECK_INT(
        read_text("# words = none\n\n \t \r\n port=1\r\n\tbind =  ::1 \t\r\nworkdir = a b = c\nallow = x\nallow=y\n"
                  "debug = yes\ndetach = no\nprotocol = 1.8"),
        0);
    CHECK_INT(options.port, 1);
    CHECK_TEXT(options.bind_to, "::1");
    CHECK_TEXT(options.workdir, "a b = c");
    CHECK_INT(options.allow.count, 2);
    CHECK(options.debug && !options.detach);
    CHECK_INT(options.protocol_minor, 8);
    CHECK_INT(files.open_files, 0);
}

static void lines_that_are_wrong_are_named(void)
{
    check_wrong("port = 1\n\nport\n", "conf:3: 'port' is not of the form 'name = value'");
    check_wrong("port = \n", "conf:1: 'port' has no value");
    check_wrong("= 1\n", "conf:1: unknown option ''");
    check_wrong("--port = 1\n", "conf:1: unknown option '--port'");
    check_wrong("version = yes\n", "conf:1: unknown option 'version'");
    check_wrong("config = conf\n", "conf:1: unknown option 'config'");
    check_wrong("autologon = me\n", "conf:1: unknown option 'autologon'");
    check_wrong("debug = true\n", "conf:1: debug: 'true' is neither yes nor no");
    check_wrong("port = 65536\n", "conf:1: '65536' is not a port");
    check_wrong("debug = yes\n", "no PORT given");
}

static void the_command_line_goes_before_the_file(void)
{
    files_reset("conf", "port = 1\nbind = a\nallow = x\nio-timeout = 5\ndebug = yes\n");
    CHECK_INT(parse("--bind b --allow y --config=conf --io-timeout 6 2"), 0);
    CHECK_INT(options.port, 2);
    CHECK_TEXT(options.bind_to, "b");
    CHECK_INT(options.io_timeout_s, 6);
    CHECK_INT(options.allow.count, 2);
    CHECK(options.debug);
    CHECK_INT(parse("--workdir --config 2"), 0); /* which is the folder's name */
    CHECK_TEXT(options.workdir, "--config");
    CHECK(!options.debug);
}

static void files_up_to_the_limit(void)
{
    char *text = malloc(CONFIG_SIZE_MAX + 2);
    memset(text, '#', CONFIG_SIZE_MAX);
    memcpy(text, "port=1\n", 7);
    text[CONFIG_SIZE_MAX - 1] = '\0';
    files_reset("conf", text);
    files.step = 1000; /* a read may give less than is there */
    CHECK_INT(parse("--config conf"), 0);
    CHECK_INT(options.port, 1);
    text[CONFIG_SIZE_MAX - 1] = '#';
    text[CONFIG_SIZE_MAX] = '\0';
    CHECK_INT(read_text(text), ERR_INVALID);
    CHECK_TEXT(err.text, "'conf' is too large: the limit is 64 KiB");
    free(text);
    options_deinit(&options); /* it may have borrowed from it */
    options = (struct options){0};
}

static void files_that_can_not_be_read(void)
{
    files_reset("conf", "");
    CHECK_INT(parse("--config other 1"), ERR_INVALID);
    CHECK_TEXT(err.text, "could not read 'other': No such file or directory");
    files.read_status = ERR_SYSTEM;
    CHECK_INT(parse("--config conf 1"), ERR_INVALID);
    CHECK_TEXT(err.text, "could not read 'conf': Input/output error");
    CHECK_INT(files.open_files, 0);
    static const char with_nul[] = "port = 1\nde\0bug = yes\n";
    files_reset("conf", with_nul);
    files.len = sizeof with_nul - 1;
    CHECK_INT(parse("--config conf 1"), ERR_INVALID);
    CHECK_TEXT(err.text, "'conf' has a NUL in it: it is not text");
}

static void command_line_of_the_service(void)
{
    struct strlist argv = {0};
    CHECK_INT(parse("--install --bind ::1 --autologon me --allow=x"), 0);
    options_of_service(&options, &argv);
    static const char *const want[] = {"", "--service", "--bind", "::1", "--allow=x", "9000"};
    CHECK_INT(argv.count, 6);
    for (size_t i = 0; i < 6 && i < argv.count; i++)
        CHECK_TEXT(argv.items[i], want[i]);
    strlist_deinit(&argv);
    CHECK_INT(parse("--install 7 host"), 0);
    options_of_service(&options, &argv);
    CHECK_INT(argv.count, 4);
    CHECK_TEXT(argv.items[2], "7");
    strlist_deinit(&argv);
}

int main(void)
{
    RUN(nothing_but_a_port);
    RUN(numbers_to_their_edges);
    RUN(each_form_of_an_option);
    RUN(what_goes_together);
    RUN(what_an_upgrade_added_is_hidden);
    RUN(lines_of_the_file);
    RUN(lines_that_are_wrong_are_named);
    RUN(the_command_line_goes_before_the_file);
    RUN(files_up_to_the_limit);
    RUN(files_that_can_not_be_read);
    RUN(command_line_of_the_service);
    options_deinit(&options);
    return CHECK_RESULT();
}
