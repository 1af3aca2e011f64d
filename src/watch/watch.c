/* Sees what a process reads: a library that is preloaded (LD_PRELOAD) and wraps the calls of the C library that open,
 * look up and list files. It appends one record for each new thing to the file that EXPOPS_WATCH names. Linux with
 * glibc; src/watch/mod.rs embeds it and parses what it writes.
 *
 * A record is `OP SIZE MTIME_NS INODE MODE PATH` and a NUL byte, appended by one write to a descriptor that is open
 * only for that: user code closes and reuses descriptors as it likes. Size and times are those at the opening. OP is
 *
 *   r  an existing file was opened to read             c  a file was created
 *   p  the same, by a program that the instance started: of a module of the project, all of its text counts
 *   q  the same, by a process that multiprocessing started anew: it runs functions of the instance
 *   o  what was opened to read, or listed, by its real path: the name that was used leads there through a link
 *   e  a library of the project that was loaded
 *   u  an existing file was opened to read and write   t  an existing file was truncated
 *   a  an existing file was opened only to write
 *   s  something was looked up and exists              -  something was looked up and does not exist
 *   l  a folder was listed                             m  a folder was created
 *   d  a name was removed (or moved away)              n  something was moved or linked to a name
 *   x  a program was started that is watched           S  a program was started that cannot be watched
 *   w  what is there by the name of a word that such a program was given, or the folder that it runs in
 *   $  a variable that a word of a started program names
 *   v  a variable that a forked child of Python asked for; written by _watch.py. PATH is the digest of its value, or `-`, a
 *      blank, and its name
 *
 * EXPOPS_WATCH_ROOTS lists `+PATH` (of interest), `-PATH` (not) and `=PATH` (only what links in there lead to), one per
 * line. The longest one that contains a path decides, and a path in none is of interest; a program that cannot be watched
 * always is. Python's import system lists folders between lookups of `//expops-pause//` and `//expops-resume//`, in which
 * this thread records nothing. A forked child of a warm worker changes the file by looking up `//expops-watch//FILE`, and
 * makes the roots be read again by looking up `//expops-roots//`: reading the variable at each call would race with whoever
 * sets variables. The process that runs the user's function says so by that. `//expops-loaded//` has the libraries told
 * that are loaded so far.
 *
 * No allocation, no locks, no standard streams: this runs between vfork and exec, in signal handlers and in any thread.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <link.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

/* ---- the file and the roots */

enum { ROOTS = 64, SEEN = 1 << 16, LONGEST = PATH_MAX + 64 };
static const char SWITCH[] = "//expops-watch//";
static const char READ_ROOTS[] = "//expops-roots//";
static const char LOADED[] = "//expops-loaded//";
static const char PAUSE[] = "//expops-pause//", RESUME[] = "//expops-resume//";
static __thread int paused;

static char log_path[PATH_MAX];
static char own_path[PATH_MAX];
static char root_text[64 * 1024];
enum Interest { NONE, ALL, BY_LINKS };
static struct { const char *path; size_t length; enum Interest counts; } roots[ROOTS]; /* without a slash at the end */
static int root_count;
static _Atomic uint64_t seen[SEEN] __attribute__((aligned(65536))); /* whole pages, however large they are */

static void watch_into(const char *path) {
    size_t length = strlen(path);
    if (length >= sizeof log_path) length = 0;
    memcpy(log_path, path, length);
    log_path[length] = 0;
    /* Zeroes it without copying each page that a fork shares with its parent. */
    if (madvise((void *)seen, sizeof seen, MADV_DONTNEED))
        for (size_t i = 0; i < SEEN; i++) atomic_store_explicit(&seen[i], 0, memory_order_relaxed);
}

static void read_roots(void) {
    const char *list = getenv("EXPOPS_WATCH_ROOTS");
    root_count = 0;
    *root_text = 0;
    if (list && strlen(list) < sizeof root_text) strcpy(root_text, list);
    for (char *line = root_text; *line && root_count < ROOTS;) {
        char *end = strchrnul(line, '\n'), *next = *end ? end + 1 : end;
        *end = 0;
        if (strchr("+-=", *line) && line[1]) {
            roots[root_count].path = line + 1;
            roots[root_count].length = strlen(line + 1) - (line[strlen(line) - 1] == '/');
            roots[root_count++].counts = *line == '+' ? ALL : *line == '=' ? BY_LINKS : NONE;
        }
        line = next;
    }
}

/* Whether this process runs the user's function: what it imports of the project counts by the code that is reached. */
static int is_of_the_instance;
/* Whether multiprocessing has started it, for functions that the instance hands it. */
static int is_spawned;

static enum Interest interest_in(const char *path) {
    size_t longest = 0;
    enum Interest counts = ALL;
    for (int i = 0; i < root_count; i++) {
        size_t length = roots[i].length;
        if (length < longest || strncmp(path, roots[i].path, length)) continue;
        if (path[length] && path[length] != '/') continue;
        longest = length;
        counts = roots[i].counts;
    }
    return counts;
}

/* Whether this has been recorded already; FNV-1a, open addressing. A full table forgets, so some are recorded twice. */
static int is_known(char op, const char *path) {
    uint64_t hash = 14695981039346656037u ^ (unsigned char)op;
    for (const char *c = path; *c; c++) hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    hash |= 1;
    for (size_t i = 0; i < 32; i++) {
        size_t slot = (hash + i) % SEEN;
        uint64_t there = atomic_load_explicit(&seen[slot], memory_order_relaxed);
        if (there == hash) return 1;
        if (there == 0) {
            atomic_store_explicit(&seen[slot], hash, memory_order_relaxed);
            return 0;
        }
    }
    return 0;
}

/* ---- records */

/* Makes `path` absolute; returns 0 if that is impossible. */
static int absolute(int folder, const char *path, char *out) {
    size_t used = 0;
    if (*path != '/') {
        if (folder == AT_FDCWD) {
            long length = syscall(SYS_getcwd, out, PATH_MAX);
            if (length <= 1 || *out != '/') return 0;
            used = (size_t)length - 1;
        } else {
            char name[32];
            snprintf(name, sizeof name, "/proc/self/fd/%d", folder);
            long length = syscall(SYS_readlinkat, AT_FDCWD, name, out, PATH_MAX - 1);
            if (length <= 0 || *out != '/') return 0;
            used = (size_t)length;
        }
        if (*path) out[used++] = '/';
    }
    size_t length = strlen(path);
    if (used + length >= PATH_MAX) return 0;
    memcpy(out + used, path, length + 1);
    return 1;
}

/* Appends to the log. Without a descriptor that is free, or room on the disk, something is lost: then, as soon as there is
 * one again, the process counts as one that nobody watched. */
static int is_lost;

static void append(const char *line, size_t length) {
    static const char unseen[] = "S 0 0 0 0 /lost";
    long file = syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) { is_lost = 1; return; }
    if (is_lost) is_lost = syscall(SYS_write, (int)file, unseen, sizeof unseen) != (long)sizeof unseen;
    if (length && syscall(SYS_write, (int)file, line, length) != (long)length) is_lost = 1;
    syscall(SYS_close, (int)file);
}

static void record(char op, const char *path, const struct stat *about) {
    if (!*log_path || paused) return;
    if ((op != 'S' && interest_in(path) != ALL) || is_known(op, path)) return;
    char line[LONGEST + 128];
    long long size = 0, time = 0;
    unsigned long long inode = 0, mode = 0;
    if (about) {
        size = (long long)about->st_size;
        time = (long long)about->st_mtim.tv_sec * 1000000000LL + about->st_mtim.tv_nsec;
        inode = about->st_ino;
        mode = about->st_mode;
    }
    int length = snprintf(line, sizeof line, "%c %lld %lld %llu %llo %s", op, size, time, inode, mode, path);
    if (length <= 0 || (size_t)length >= sizeof line) return;
    append(line, (size_t)length + 1);
}

static int look(int folder, const char *path, int flags, struct stat *about) {
    return (int)syscall(SYS_newfstatat, folder, path, about, flags) == 0;
}

static int is_absence(int error) { return error == ENOENT || error == ENOTDIR; }

static void loaded(void);

/* Records whether a lookup found something. */
static void looked_up(int folder, const char *path, int is_there, int error) {
    if (!path || !*path) return;
    if (!strncmp(path, SWITCH, sizeof SWITCH - 1)) {
        watch_into(path + sizeof SWITCH - 1);
        return;
    }
    if (!strcmp(path, READ_ROOTS)) { read_roots(); is_of_the_instance = 1; return; }
    if (!strcmp(path, LOADED)) { loaded(); return; }
    if (!strcmp(path, PAUSE)) { paused++; return; }
    if (!strcmp(path, RESUME)) { if (paused) paused--; return; }
    char whole[PATH_MAX];
    struct stat about;
    if (!absolute(folder, path, whole)) return;
    if (!is_there && is_absence(error)) { record('-', whole, NULL); return; }
    /* What is there, and is refused (`access`) or no link (`readlink`), was looked up as well. */
    int is_known = look(folder, path, 0, &about);
    if (is_there || is_known) record('s', whole, is_known ? &about : NULL);
}

/* Records what an open file really is, if `whole`, by which it was opened, leads there through a link. */
static void opened_by_link(const char *whole, int file, const struct stat *about) {
    char name[32], real[PATH_MAX];
    struct stat there;
    if (!*log_path || paused || interest_in(whole) == NONE || is_known('o', whole)) return;
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    long length = syscall(SYS_readlinkat, AT_FDCWD, name, real, sizeof real - 1);
    if (length <= 0 || *real != '/') return;
    real[length] = 0;
    if (!strcmp(real, whole) || !look(AT_FDCWD, real, 0, &there)) return;
    if (there.st_ino == about->st_ino && there.st_dev == about->st_dev) record('o', real, about);
}

static char reading(void) { return is_of_the_instance ? 'r' : is_spawned ? 'q' : 'p'; }

/* Records what opening a file did. `before`: whether the file existed before the call. */
static void opened(int folder, const char *path, int flags, int before, int file, int error) {
    char whole[PATH_MAX];
    struct stat about;
    if (!path || !absolute(folder, path, whole)) return;
    if (file < 0) {
        if (is_absence(error)) record('-', whole, NULL);
        return;
    }
    int known = (int)syscall(SYS_fstat, file, &about) == 0;
    if (flags & O_PATH) { record('s', whole, known ? &about : NULL); return; }
    int writes = (flags & O_ACCMODE) != O_RDONLY;
#ifdef O_TMPFILE
    if ((flags & O_TMPFILE) == O_TMPFILE) return;
#endif
    if ((flags & O_CREAT) && !before) record('c', whole, NULL);
    else if (writes && (flags & O_TRUNC)) record('t', whole, NULL);
    else if ((flags & O_ACCMODE) == O_WRONLY) record('a', whole, NULL);
    else if (writes) record('u', whole, known ? &about : NULL);
    else {
        record(reading(), whole, known ? &about : NULL);
        if (known && S_ISREG(about.st_mode)) opened_by_link(whole, file, &about);
    }
}

static int existed(int folder, const char *path, int flags) {
    struct stat about;
    return !(flags & O_CREAT) || !path || look(folder, path, 0, &about);
}

/* Records that a name was created, removed or moved. */
static void named(char op, int folder, const char *path) {
    char whole[PATH_MAX];
    if (path && absolute(folder, path, whole)) record(op, whole, NULL);
}

/* `file`: the open folder; negative if there is none. */
static void listed(int folder, const char *path, int file) {
    char whole[PATH_MAX];
    struct stat about;
    if (!path || !absolute(folder, path, whole)) return;
    record('l', whole, look(folder, path, 0, &about) ? &about : NULL);
    if (file >= 0 && (int)syscall(SYS_fstat, file, &about) == 0) opened_by_link(whole, file, &about);
}

/* Records that a file got another name, by which it may be read, too. */
static void linked(int from, const char *old, int to, const char *new) {
    char whole[PATH_MAX];
    struct stat about;
    if (old && absolute(from, old, whole) && look(from, old, 0, &about) && S_ISREG(about.st_mode))
        record(reading(), whole, &about);
    named('n', to, new);
}

/* Records that a link was made to `old`, which is then there to be looked up. */
static void pointed(const char *old, int to, const char *new) {
    char whole[PATH_MAX];
    struct stat about;
    named('n', to, new);
    if (!old || !new || !absolute(to, new, whole)) return;
    char *name = strrchr(whole, '/') + 1;
    if (*old == '/') name = whole;
    if (strlen(old) >= (size_t)(whole + sizeof whole - name)) return;
    strcpy(name, old);
    if (look(AT_FDCWD, whole, 0, &about)) record('s', whole, &about);
}

/* Records the libraries that are loaded: the loader opens them by calls of its own. Its list is read without its lock, which a
 * thread that is no more after a fork may hold. */
static void loaded(void) {
    char whole[PATH_MAX];
    struct stat about;
    if (!*log_path || paused) return;
    if (is_lost) append("", 0);
    for (struct link_map *each = _r_debug.r_map; each; each = each->l_next)
        if (each->l_name && *each->l_name && absolute(AT_FDCWD, each->l_name, whole) && interest_in(whole) == ALL
            && look(AT_FDCWD, whole, 0, &about))
            record('e', whole, &about);
}

/* ---- variables */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

/* Where the name begins that `$`, `environ[`, `environ.get(`, `getenv(` or `ENV{` at `at` asks for; NULL if there is none. */
static const char *asked_at(const char *at) {
    static const char *const WAYS[] = { "environ", "getenv", "ENV" };
    if (*at == '$') {
        at += 1 + (at[1] == '{');
        return at + (at[-1] == '{' && *at && strchr("#!", *at));
    }
    for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++) {
        if (strncmp(at, WAYS[i], strlen(WAYS[i]))) continue;
        at += strlen(WAYS[i]);
        at += strspn(at, LETTERS ".");
        if (!*at || !strchr("[({", *at)) return NULL;
        at += 1 + strspn(at + 1, " \t\n");
        at += *at == 'b' && at[1] && strchr("'\"", at[1]);
        return at + (*at && strchr("'\"", *at));
    }
    return NULL;
}

/* Records the variables that a word names. It is the text of a program where one is given as a word: `sh -c`, `python -c`. */
static void variables_in(const char *word) {
    char name[256];
    for (; *word; word++) {
        const char *asked = asked_at(word);
        size_t length = asked && strspn(asked, LETTERS) ? strspn(asked, LETTERS "0123456789") : 0;
        if (!length || length >= sizeof name) continue;
        memcpy(name, asked, length);
        name[length] = 0;
        record('$', name, NULL);
    }
}

__attribute__((constructor)) static void begin(int count, char **words) {
    const char *file = getenv("EXPOPS_WATCH");
    if (file) watch_into(file);
    Dl_info info;
    if (dladdr((void *)begin, &info) && info.dli_fname && strlen(info.dli_fname) < sizeof own_path)
        strcpy(own_path, info.dli_fname);
    read_roots();
    for (int i = 0; i < count; i++) {
        is_spawned |= strstr(words[i], "from multiprocessing.") || strstr(words[i], "loky.backend");
        variables_in(words[i]);
    }
    loaded();
}

__attribute__((destructor)) static void end(void) {
    loaded();
    if (is_lost && *log_path) append("", 0);
}

/* ---- calls of the C library */

#define NEXT(name) __extension__({                                                  \
        static _Atomic(void *) found;                                               \
        void *next = atomic_load_explicit(&found, memory_order_relaxed);            \
        if (!next) {                                                                \
            next = dlsym(RTLD_NEXT, #name);                                         \
            atomic_store_explicit(&found, next, memory_order_relaxed);              \
        }                                                                           \
        (__typeof__(&name))next;                                                    \
    })

#define KEEPING_ERRNO(work) do { int kept_ = errno; work; errno = kept_; } while (0)

static mode_t mode_of(int flags, va_list *list) {
#ifdef O_TMPFILE
    if ((flags & O_TMPFILE) == O_TMPFILE) return va_arg(*list, mode_t);
#endif
    return flags & O_CREAT ? va_arg(*list, mode_t) : 0;
}

#define OPEN(name)                                                                  \
    int name(const char *path, int flags, ...) {                                    \
        va_list list;                                                               \
        va_start(list, flags);                                                      \
        mode_t mode = mode_of(flags, &list);                                        \
        va_end(list);                                                               \
        int before = existed(AT_FDCWD, path, flags);                                \
        int file = NEXT(name)(path, flags, mode);                                   \
        KEEPING_ERRNO(opened(AT_FDCWD, path, flags, before, file, kept_));          \
        return file;                                                                \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                \
    int name(int folder, const char *path, int flags, ...) {                        \
        va_list list;                                                               \
        va_start(list, flags);                                                      \
        mode_t mode = mode_of(flags, &list);                                        \
        va_end(list);                                                               \
        int before = existed(folder, path, flags);                                  \
        int file = NEXT(name)(folder, path, flags, mode);                           \
        KEEPING_ERRNO(opened(folder, path, flags, before, file, kept_));            \
        return file;                                                                \
    }
OPENAT(openat)
OPENAT(openat64)

/* Called instead by programs compiled with _FORTIFY_SOURCE. */
#define OPEN_2(name)                                                                \
    int name(const char *path, int flags);                                          \
    int name(const char *path, int flags) {                                         \
        int file = NEXT(name)(path, flags);                                         \
        KEEPING_ERRNO(opened(AT_FDCWD, path, flags, 1, file, kept_));               \
        return file;                                                                \
    }
OPEN_2(__open_2)
OPEN_2(__open64_2)
#define OPENAT_2(name)                                                              \
    int name(int folder, const char *path, int flags);                              \
    int name(int folder, const char *path, int flags) {                             \
        int file = NEXT(name)(folder, path, flags);                                 \
        KEEPING_ERRNO(opened(folder, path, flags, 1, file, kept_));                 \
        return file;                                                                \
    }
OPENAT_2(__openat_2)
OPENAT_2(__openat64_2)

#define CREAT(name)                                                                 \
    int name(const char *path, mode_t mode) {                                       \
        int before = existed(AT_FDCWD, path, O_CREAT);                              \
        int file = NEXT(name)(path, mode);                                          \
        KEEPING_ERRNO(opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, before, file, kept_)); \
        return file;                                                                \
    }
CREAT(creat)
CREAT(creat64)

static int flags_of(const char *mode) {
    int update = strchr(mode, '+') != NULL;
    switch (*mode) {
    case 'w': return (update ? O_RDWR : O_WRONLY) | O_CREAT | O_TRUNC;
    case 'a': return (update ? O_RDWR : O_WRONLY) | O_CREAT | O_APPEND;
    default: return update ? O_RDWR : O_RDONLY;
    }
}

#define FOPEN(name)                                                                 \
    FILE *name(const char *path, const char *mode) {                                \
        int flags = flags_of(mode), before = existed(AT_FDCWD, path, flags);        \
        FILE *file = NEXT(name)(path, mode);                                        \
        KEEPING_ERRNO(opened(AT_FDCWD, path, flags, before, file ? fileno(file) : -1, kept_)); \
        return file;                                                                \
    }
FOPEN(fopen)
FOPEN(fopen64)
#define FREOPEN(name)                                                               \
    FILE *name(const char *path, const char *mode, FILE *stream) {                  \
        int flags = flags_of(mode), before = existed(AT_FDCWD, path, flags);        \
        FILE *file = NEXT(name)(path, mode, stream);                                \
        KEEPING_ERRNO(opened(AT_FDCWD, path, flags, before, file ? fileno(file) : -1, kept_)); \
        return file;                                                                \
    }
FREOPEN(freopen)
FREOPEN(freopen64)

/* Functions that look up a path: parameters, arguments, where the path is, whether the result means success. */
#define LOOKUP(type, name, parameters, arguments, folder, path, success)            \
    type name parameters;                                                           \
    type name parameters {                                                          \
        type result = NEXT(name) arguments;                                         \
        KEEPING_ERRNO(looked_up(folder, path, success, kept_));                     \
        return result;                                                              \
    }
LOOKUP(int, stat, (const char *path, struct stat *about), (path, about), AT_FDCWD, path, result == 0)
LOOKUP(int, stat64, (const char *path, struct stat64 *about), (path, about), AT_FDCWD, path, result == 0)
LOOKUP(int, lstat, (const char *path, struct stat *about), (path, about), AT_FDCWD, path, result == 0)
LOOKUP(int, lstat64, (const char *path, struct stat64 *about), (path, about), AT_FDCWD, path, result == 0)
LOOKUP(int, fstatat, (int folder, const char *path, struct stat *about, int flags), (folder, path, about, flags), folder, path, result == 0)
LOOKUP(int, fstatat64, (int folder, const char *path, struct stat64 *about, int flags), (folder, path, about, flags), folder, path, result == 0)
LOOKUP(int, statx, (int folder, const char *restrict path, int flags, unsigned mask, struct statx *restrict about),
       (folder, path, flags, mask, about), folder, path, result == 0)
LOOKUP(int, __xstat, (int version, const char *path, struct stat *about), (version, path, about), AT_FDCWD, path, result == 0)
LOOKUP(int, __xstat64, (int version, const char *path, struct stat64 *about), (version, path, about), AT_FDCWD, path, result == 0)
LOOKUP(int, __lxstat, (int version, const char *path, struct stat *about), (version, path, about), AT_FDCWD, path, result == 0)
LOOKUP(int, __lxstat64, (int version, const char *path, struct stat64 *about), (version, path, about), AT_FDCWD, path, result == 0)
LOOKUP(int, __fxstatat, (int version, int folder, const char *path, struct stat *about, int flags), (version, folder, path, about, flags), folder, path, result == 0)
LOOKUP(int, __fxstatat64, (int version, int folder, const char *path, struct stat64 *about, int flags), (version, folder, path, about, flags), folder, path, result == 0)
LOOKUP(int, access, (const char *path, int mode), (path, mode), AT_FDCWD, path, result == 0)
LOOKUP(int, euidaccess, (const char *path, int mode), (path, mode), AT_FDCWD, path, result == 0)
LOOKUP(int, faccessat, (int folder, const char *path, int mode, int flags), (folder, path, mode, flags), folder, path, result == 0)
LOOKUP(ssize_t, readlink, (const char *path, char *to, size_t size), (path, to, size), AT_FDCWD, path, result >= 0)
LOOKUP(ssize_t, readlinkat, (int folder, const char *path, char *to, size_t size), (folder, path, to, size), folder, path, result >= 0)
LOOKUP(char *, realpath, (const char *restrict path, char *restrict to), (path, to), AT_FDCWD, path, result != NULL)
LOOKUP(char *, canonicalize_file_name, (const char *path), (path), AT_FDCWD, path, result != NULL)

/* Looked up before the call: a relative path means another folder afterwards. */
int chdir(const char *path) {
    struct stat about;
    int is_there = path && look(AT_FDCWD, path, 0, &about);
    KEEPING_ERRNO(looked_up(AT_FDCWD, path, is_there, ENOENT));
    return NEXT(chdir)(path);
}

/* Folders. */
DIR *opendir(const char *path) {
    DIR *folder = NEXT(opendir)(path);
    KEEPING_ERRNO(if (folder) listed(AT_FDCWD, path, dirfd(folder)); else looked_up(AT_FDCWD, path, 0, kept_));
    return folder;
}
DIR *fdopendir(int file) {
    DIR *folder = NEXT(fdopendir)(file);
    KEEPING_ERRNO(if (folder) listed(file, "", -1));
    return folder;
}
#define SCANDIR(name, entry)                                                        \
    int name(const char *restrict path, struct entry ***restrict list,              \
             int (*keep)(const struct entry *),                                     \
             int (*order)(const struct entry **, const struct entry **)) {          \
        int count = NEXT(name)(path, list, keep, order);                            \
        KEEPING_ERRNO(if (count >= 0) listed(AT_FDCWD, path, -1); else looked_up(AT_FDCWD, path, 0, kept_)); \
        return count;                                                               \
    }
SCANDIR(scandir, dirent)
SCANDIR(scandir64, dirent64)

/* Names that the process itself creates or removes. */
#define NAMES(name, parameters, arguments, then)                                    \
    int name parameters {                                                           \
        int result = NEXT(name) arguments;                                          \
        KEEPING_ERRNO(if (result == 0) { then; });                                  \
        return result;                                                              \
    }
NAMES(mkdir, (const char *path, mode_t mode), (path, mode), named('m', AT_FDCWD, path))
NAMES(mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode), named('m', folder, path))
NAMES(unlink, (const char *path), (path), named('d', AT_FDCWD, path))
NAMES(unlinkat, (int folder, const char *path, int flags), (folder, path, flags), named('d', folder, path))
NAMES(remove, (const char *path), (path), named('d', AT_FDCWD, path))
NAMES(rmdir, (const char *path), (path), named('d', AT_FDCWD, path))
NAMES(rename, (const char *old, const char *new), (old, new), named('d', AT_FDCWD, old); named('n', AT_FDCWD, new))
NAMES(renameat, (int from, const char *old, int to, const char *new), (from, old, to, new), named('d', from, old); named('n', to, new))
NAMES(renameat2, (int from, const char *old, int to, const char *new, unsigned flags), (from, old, to, new, flags),
      named('d', from, old); named('n', to, new))
NAMES(link, (const char *old, const char *new), (old, new), linked(AT_FDCWD, old, AT_FDCWD, new))
NAMES(linkat, (int from, const char *old, int to, const char *new, int flags), (from, old, to, new, flags), linked(from, old, to, new))
NAMES(symlink, (const char *old, const char *new), (old, new), pointed(old, AT_FDCWD, new))
NAMES(symlinkat, (const char *old, int to, const char *new), (old, to, new), pointed(old, to, new))

/* A process that is forked leaves by these. */
#define LEAVE(name)                                                                 \
    void name(int status) {                                                         \
        loaded();                                                                   \
        NEXT(name)(status);                                                         \
        __builtin_unreachable();                                                    \
    }
LEAVE(_exit)
LEAVE(_Exit)

/* Patterns: the C library lists folders by calls of its own, unless it is given others. */
#define GLOB(name, type, look_up, next)                                             \
    int name(const char *restrict pattern, int flags, int (*failed)(const char *, int), type *restrict found) { \
        if (!(flags & GLOB_ALTDIRFUNC)) {                                           \
            found->gl_opendir = (void *(*)(const char *))opendir;                   \
            found->gl_readdir = (__typeof__(found->gl_readdir))read##next;  \
            found->gl_closedir = (void (*)(void *))(void (*)(void))closedir;        \
            found->gl_stat = look_up;                                               \
            found->gl_lstat = l##look_up;                                           \
        }                                                                           \
        return NEXT(name)(pattern, flags | GLOB_ALTDIRFUNC, failed, found);         \
    }
GLOB(glob, glob_t, stat, dir)
GLOB(glob64, glob64_t, stat64, dir64)

/* ---- programs */

/* Whether a program that is given this environment is still watched. */
static int keeps_watching(char *const *variables) {
    if (!variables) variables = environ;
    int preloaded = 0, file = 0;
    for (; variables && *variables; variables++) {
        preloaded |= !strncmp(*variables, "LD_PRELOAD=", 11) && *own_path && strstr(*variables, own_path) != NULL;
        file |= !strncmp(*variables, "EXPOPS_WATCH=", 13);
    }
    return preloaded && file;
}

/* The kind of program in a file: 1, dynamic and for this C library; 0, anything else; -1, a script, whose interpreter
 * is put into `interpreter`. */
static int kind_of(const char *path, char *interpreter, size_t size) {
    union { char text[4096]; Elf64_Ehdr elf; } head;
    struct stat about;
    if (!look(AT_FDCWD, path, 0, &about) || about.st_mode & (S_ISUID | S_ISGID)) return 0;
    long file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (file < 0) return 0;
    long length = syscall(SYS_read, (int)file, head.text, sizeof head.text);
    syscall(SYS_close, (int)file);
    if (length > 2 && head.text[0] == '#' && head.text[1] == '!') {
        size_t i = 2, n = 0;
        while (i < (size_t)length && (head.text[i] == ' ' || head.text[i] == '\t')) i++;
        while (i < (size_t)length && n + 1 < size && !strchr(" \t\n", head.text[i])) interpreter[n++] = head.text[i++];
        interpreter[n] = 0;
        return n ? -1 : 0;
    }
    if (length < (long)sizeof head.elf || memcmp(head.elf.e_ident, ELFMAG, SELFMAG)) return 0;
    if (head.elf.e_ident[EI_CLASS] != ELFCLASS64) return 0;
    for (int i = 0; i < head.elf.e_phnum; i++) {
        size_t at = head.elf.e_phoff + (size_t)i * head.elf.e_phentsize;
        if (at + sizeof(Elf64_Phdr) > (size_t)length) return 0;
        Elf64_Phdr header;
        memcpy(&header, head.text + at, sizeof header);
        if (header.p_type != PT_INTERP || header.p_offset + header.p_filesz > (size_t)length) continue;
        return memmem(head.text + header.p_offset, header.p_filesz, "/ld-linux", 9) != NULL;
    }
    return 0;
}

static int names_something(const char *part) {
    char whole[PATH_MAX];
    struct stat about;
    if (!*part || !absolute(AT_FDCWD, part, whole) || !look(AT_FDCWD, whole, 0, &about)) return 0;
    record('w', whole, &about);
    return 1;
}

/* Records what is there by the name that starts at `at` and ends before one of `ends`; a shell takes what follows a
 * backslash as it is. Returns where it ends. */
static const char *named_until(const char *at, const char *ends) {
    char part[PATH_MAX];
    size_t length = 0;
    for (; *at && !strchr(ends, *at); at++) {
        if (*at == '\\' && at[1]) at++;
        if (length < sizeof part - 1) part[length++] = *at;
    }
    part[length] = 0;
    names_something(part);
    return at;
}

/* What a word names: the whole of it, what follows a `=`, or, if it is a command for a shell, what stands between blanks or
 * between quotes. */
static void named_by(const char *word) {
    static const char BETWEEN[] = " \t\n=:,;|&<>()'\"";
    if (strlen(word) < PATH_MAX && names_something(word)) return;
    for (const char *at = word; *at; at += strspn(at, BETWEEN)) at = named_until(at, BETWEEN);
    for (const char *at = word; (at = strpbrk(at, "'\"")); at += *at != 0) {
        const char quote[] = { *at, 0 };
        at = named_until(at + 1, quote);
    }
}

static void started_unwatched(const char *program, char *const *words) {
    char whole[PATH_MAX];
    struct stat about;
    record('S', program, NULL);
    for (int i = 1; words && words[0] && words[i] && i < 4096; i++) {
        named_by(words[i]);
        variables_in(words[i]);
    }
    if (absolute(AT_FDCWD, ".", whole) && look(AT_FDCWD, whole, 0, &about)) record('w', whole, &about);
}

static void started(const char *path, char *const *words, char *const *variables) {
    char whole[PATH_MAX], interpreter[PATH_MAX];
    struct stat about;
    if (!path || !absolute(AT_FDCWD, path, whole)) return;
    if (!look(AT_FDCWD, whole, 0, &about)) { record('-', whole, NULL); return; }
    int kind = kind_of(whole, interpreter, sizeof interpreter);
    for (int depth = 0; kind < 0 && depth < 4; depth++) {
        record('p', whole, look(AT_FDCWD, whole, 0, &about) ? &about : NULL);
        if (!absolute(AT_FDCWD, interpreter, whole)) return;
        kind = kind_of(whole, interpreter, sizeof interpreter);
    }
    int is_watched = kind == 1 && keeps_watching(variables);
    if (is_watched) record('x', whole, look(AT_FDCWD, whole, 0, &about) ? &about : NULL);
    else started_unwatched(whole, words);
}

/* The first program with this name on PATH, as execvp finds it. */
static const char *on_path(const char *name, char *out) {
    const char *list = getenv("PATH");
    if (!name || strchr(name, '/')) return name;
    if (!list) list = "/bin:/usr/bin";
    for (;;) {
        const char *end = strchrnul(list, ':');
        int length = snprintf(out, PATH_MAX, "%.*s%s%s", (int)(end - list), list, end > list ? "/" : "", name);
        if (length > 0 && length < PATH_MAX && syscall(SYS_faccessat, AT_FDCWD, out, X_OK) == 0) return out;
        if (!*end) return name;
        list = end + 1;
    }
}

/* The C library starts the shell by calls of its own. */
static void started_shell(const char *command) {
    char *const words[] = { "sh", "-c", (char *)(command ? command : ""), NULL };
    if (!keeps_watching(environ)) started("/bin/sh", words, environ);
}
int system(const char *command) {
    KEEPING_ERRNO(started_shell(command));
    return NEXT(system)(command);
}
FILE *popen(const char *command, const char *mode) {
    KEEPING_ERRNO(started_shell(command));
    return NEXT(popen)(command, mode);
}

int execve(const char *path, char *const words[], char *const variables[]) {
    KEEPING_ERRNO(started(path, words, variables));
    return NEXT(execve)(path, words, variables);
}
int execv(const char *path, char *const words[]) {
    KEEPING_ERRNO(started(path, words, environ));
    return NEXT(execv)(path, words);
}
int execvp(const char *name, char *const words[]) {
    char found[PATH_MAX];
    KEEPING_ERRNO(started(on_path(name, found), words, environ));
    return NEXT(execvp)(name, words);
}
int execvpe(const char *name, char *const words[], char *const variables[]) {
    char found[PATH_MAX];
    KEEPING_ERRNO(started(on_path(name, found), words, variables));
    return NEXT(execvpe)(name, words, variables);
}
int fexecve(int file, char *const words[], char *const variables[]) {
    char whole[PATH_MAX];
    KEEPING_ERRNO(if (absolute(file, "", whole)) started(whole, words, variables));
    return NEXT(fexecve)(file, words, variables);
}
int execveat(int folder, const char *path, char *const words[], char *const variables[], int flags) {
    char whole[PATH_MAX];
    KEEPING_ERRNO(if (absolute(folder, path, whole)) started(whole, words, variables));
    return NEXT(execveat)(folder, path, words, variables, flags);
}
int posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *restrict attributes, char *const words[restrict],
                char *const variables[restrict]) {
    KEEPING_ERRNO(started(path, words, variables));
    return NEXT(posix_spawn)(pid, path, actions, attributes, words, variables);
}
int posix_spawnp(pid_t *restrict pid, const char *restrict name, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *restrict attributes, char *const words[restrict],
                 char *const variables[restrict]) {
    char found[PATH_MAX];
    KEEPING_ERRNO(started(on_path(name, found), words, variables));
    return NEXT(posix_spawnp)(pid, name, actions, attributes, words, variables);
}
