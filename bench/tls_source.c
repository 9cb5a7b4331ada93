/* Sends letters over STARTTLS, one a connection, with AUTH PLAIN where a user is named.

       tls_source -s SESSIONS -m MESSAGES -l OCTETS -f SENDER -t RECIPIENT [-a BASE64] HOST:PORT

   Takes smtp-source's options; -a is the token of AUTH PLAIN. A thread a session, each of its
   connections with a whole handshake: no session is resumed. bench/generators.py compiles it. */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int sessions = 1, size = 2000;
static atomic_int left = 1;
static const char *sender = "bench@outside.test", *recipient = "u0@bench.test", *token;
static struct sockaddr_in place;
static SSL_CTX *context;

/* One connection; answers are read to their last line, and nothing is sent before them. */
struct line {
    int fd;
    SSL *ssl;
    char text[8192];
};

static void fail(const char *said, const char *heard)
{
    fprintf(stderr, "tls_source: %.60s: %.200s\n", said, heard);
    exit(1);
}

static void put(struct line *line, const char *text)
{
    int length = strlen(text);
    int done = line->ssl ? SSL_write(line->ssl, text, length) : (int)write(line->fd, text, length);
    if (done != length)
        fail(text, "not written");
}

static void say(struct line *line, const char *text, const char *code)
{
    int used = 0;
    if (*text)
        put(line, text);
    for (;;) {
        char *last = line->text + used;
        int room = sizeof line->text - 1 - used;
        int got = line->ssl ? SSL_read(line->ssl, last, room) : (int)read(line->fd, last, room);
        if (got <= 0)
            fail(text, "closed");
        used += got;
        line->text[used] = 0;
        if (used < 5 || line->text[used - 1] != '\n')
            continue;
        last = line->text + used - 2;
        while (last > line->text && last[-1] != '\n')
            last--;
        if (strncmp(last, code, 3))
            fail(text, line->text);
        if (last[3] == ' ')
            return;
    }
}

/* A letter of about the size asked for, each with a Message-ID of its own. */
static char *compose(int number)
{
    char *letter = malloc(size + 2000);
    int used = sprintf(letter,
        "From: <%s>\r\nTo: <%s>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
        "Message-Id: <%d.%d@bench.test>\r\nSubject: bench\r\n\r\n",
        sender, recipient, (int)getpid(), number);
    while (used + 80 < size) {
        memset(letter + used, 'X', 78);
        used += 78;
        used += sprintf(letter + used, "\r\n");
    }
    sprintf(letter + used, ".\r\n");
    return letter;
}

static void send_one(int number)
{
    struct line line = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    char command[600];
    int on = 1;
    setsockopt(line.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(line.fd, (struct sockaddr *)&place, sizeof place))
        fail("connect", "refused");
    say(&line, "", "220");
    say(&line, "EHLO bench.test\r\n", "250");
    say(&line, "STARTTLS\r\n", "220");
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, line.fd);
    if (SSL_connect(ssl) != 1)
        fail("TLS", "no handshake");
    line.ssl = ssl;
    say(&line, "EHLO bench.test\r\n", "250");
    if (token) {
        snprintf(command, sizeof command, "AUTH PLAIN %s\r\n", token);
        say(&line, command, "235");
    }
    snprintf(command, sizeof command, "MAIL FROM:<%s>\r\n", sender);
    say(&line, command, "250");
    snprintf(command, sizeof command, "RCPT TO:<%s>\r\n", recipient);
    say(&line, command, "250");
    say(&line, "DATA\r\n", "354");
    char *letter = compose(number);
    say(&line, letter, "250");
    free(letter);
    say(&line, "QUIT\r\n", "221");
    SSL_free(ssl);
    close(line.fd);
}

static void *session(void *unused)
{
    int number;
    while ((number = atomic_fetch_sub(&left, 1)) > 0)
        send_one(number);
    return unused;
}

int main(int count, char **words)
{
    int option;
    while ((option = getopt(count, words, "s:m:l:f:t:a:")) != -1)
        switch (option) {
        case 's': sessions = atoi(optarg); break;
        case 'm': left = atoi(optarg); break;
        case 'l': size = atoi(optarg); break;
        case 'f': sender = optarg; break;
        case 't': recipient = optarg; break;
        case 'a': token = optarg; break;
        default: return 64;
        }
    char *colon = optind < count ? strrchr(words[optind], ':') : NULL;
    if (!colon || size < 0)
        return 64;
    *colon = 0;
    place.sin_family = AF_INET;
    place.sin_port = htons(atoi(colon + 1));
    if (inet_pton(AF_INET, words[optind], &place.sin_addr) != 1)
        return 64;
    signal(SIGPIPE, SIG_IGN);
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    pthread_t threads[sessions];
    for (int i = 0; i < sessions; i++)
        if (pthread_create(&threads[i], NULL, session, NULL))
            fail("thread", "none");
    for (int i = 0; i < sessions; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
