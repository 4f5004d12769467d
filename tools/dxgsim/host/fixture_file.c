// SPDX-License-Identifier: MIT
/* Finds adapter files, reads them, and takes a spec apart into file and modifiers. */
#include "dxgsim/host/fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dxgsim/host/fixture_text.h"

#define MAX_FILE (4u * 1024 * 1024)
#define SUFFIX	 ".ini"

static int read_all(int fd, char **text, size_t *size)
{
	struct stat st;
	size_t have = 0;
	char *buffer;
	int rc = 0;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < 0 || st.st_size > MAX_FILE)
		return -EINVAL;
	buffer = malloc((size_t)st.st_size + 1);
	if (!buffer)
		return -ENOMEM;
	while (have < (size_t)st.st_size) {
		ssize_t got = read(fd, buffer + have, (size_t)st.st_size - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			rc = -errno;
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	if (rc) {
		free(buffer);
		return rc;
	}
	*text = buffer;
	*size = have;
	return 0;
}

static int load_fd(int fd, const char *shown, const char *name, struct fixture **out,
		   struct fixture_error *error)
{
	size_t size = 0;
	char *text = NULL;
	int rc = read_all(fd, &text, &size);

	if (rc) {
		fixture_fail(error, "%s: %s", shown,
			     rc == -EINVAL ? "not a regular file of at most 4 MiB" : strerror(-rc));
		return rc;
	}
	rc = fixture_parse(shown, text, size, out, error);
	free(text);
	if (!rc)
		snprintf((*out)->name, sizeof((*out)->name), "%s", name);
	return rc;
}

/* Calls @visit with each directory of @path, then the installed one, until it returns non-zero. */
static int each_directory(const char *path, int (*visit)(const char *directory, void *ctx), void *ctx)
{
	int rc = 0;

	while (path && *path && !rc) {
		size_t length = strcspn(path, ":");
		char *directory = strndup(path, length);

		if (!directory)
			return -ENOMEM;
		if (length)
			rc = visit(directory, ctx);
		free(directory);
		path += length;
		path += *path == ':';
	}
#ifdef DXGSIM_ADAPTER_DIR
	if (!rc)
		rc = visit(DXGSIM_ADAPTER_DIR, ctx);
#endif
	return rc;
}

struct lookup {
	const char *name;
	struct fixture **out;
	struct fixture_error *error;
};

static int look_in(const char *directory, void *ctx)
{
	struct lookup *lookup = ctx;
	char *file;
	int fd, rc;

	if (asprintf(&file, "%s/%s" SUFFIX, directory, lookup->name) < 0)
		return -ENOMEM;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		rc = errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
		if (rc)
			fixture_fail(lookup->error, "%s: %s", file, strerror(-rc));
	} else {
		rc = load_fd(fd, file, lookup->name, lookup->out, lookup->error);
		close(fd);
		rc = rc ? rc : 1;
	}
	free(file);
	return rc;
}

static int load_named(const char *name, const char *path, struct fixture **out, struct fixture_error *error)
{
	struct lookup lookup = {.name = name, .out = out, .error = error};
	int rc;

	if (!name[0] || strlen(name) >= FIXTURE_NAME_MAX)
		return fixture_fail(error, "'%s' is not an adapter name", name);
	rc = each_directory(path, look_in, &lookup);
	if (rc == 1)
		return 0;
	if (!rc) {
		fixture_fail(error, "no adapter '%s' (dxgsim --list-adapters shows what there is)", name);
		return -ENOENT;
	}
	return rc;
}

static int load_path(const char *file, struct fixture **out, struct fixture_error *error)
{
	const char *base = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	char name[FIXTURE_NAME_MAX];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0) {
		rc = -errno;
		fixture_fail(error, "%s: %s", file, strerror(-rc));
		return rc;
	}
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(base, "."), base);
	rc = load_fd(fd, file, name, out, error);
	close(fd);
	return rc;
}

bool fixture_is_path(const char *name)
{
	size_t length = strlen(name);

	return strchr(name, '/') ||
	       (length > strlen(SUFFIX) && !strcmp(name + length - strlen(SUFFIX), SUFFIX));
}

int fixture_load(const char *spec, const char *path, struct fixture **out, struct fixture_error *error)
{
	struct fixture *fixture = NULL;
	struct fixture_error ignored;
	char *copy = strdup(spec);
	char *next, *word;
	int rc;

	error = error ? error : &ignored;
	error->text[0] = '\0';
	if (!copy)
		return -ENOMEM;
	next = copy;
	word = strsep(&next, ",");
	rc = fixture_is_path(word) ? load_path(word, &fixture, error)
				   : load_named(word, path, &fixture, error);
	while (!rc && next) {
		word = strsep(&next, ",");
		rc = fixture_modify(fixture, word, error);
	}
	free(copy);
	if (rc) {
		fixture_free(fixture);
		return rc;
	}
	*out = fixture;
	return 0;
}

struct listing {
	void (*each)(const char *name, const struct fixture *fixture, void *ctx);
	void *ctx;
	char **seen;
	size_t count;
};

/* The first directory that has a name wins, as in a look-up. */
static int note_seen(struct listing *listing, char *name)
{
	char **grown;

	for (size_t i = 0; i < listing->count; i++) {
		if (!strcmp(listing->seen[i], name))
			return 0;
	}
	grown = reallocarray(listing->seen, listing->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	listing->seen = grown;
	listing->seen[listing->count] = strdup(name);
	if (!listing->seen[listing->count])
		return -ENOMEM;
	listing->count++;
	return 1;
}

static int list_directory(const char *directory, void *ctx)
{
	struct listing *listing = ctx;
	struct dirent **entries;
	int count = scandir(directory, &entries, NULL, alphasort);
	int rc = 0;

	if (count < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		char *name = entries[i]->d_name;
		size_t length = strlen(name);

		if (rc >= 0 && length > strlen(SUFFIX) && fixture_is_path(name)) {
			struct fixture *fixture = NULL;
			struct fixture_error error = {.text = ""};
			char *file;

			name[length - strlen(SUFFIX)] = '\0';
			rc = note_seen(listing, name);
			if (rc > 0 && asprintf(&file, "%s/%s" SUFFIX, directory, name) < 0)
				rc = -ENOMEM;
			if (rc > 0) {
				if (load_path(file, &fixture, &error))
					fprintf(stderr, "dxgsim: %s\n", error.text);
				else
					listing->each(name, fixture, listing->ctx);
				fixture_free(fixture);
				free(file);
			}
		}
		free(entries[i]);
	}
	free(entries);
	return rc < 0 ? rc : 0;
}

int fixture_list(const char *path, void (*each)(const char *name, const struct fixture *fixture, void *ctx),
		 void *ctx)
{
	struct listing listing = {.each = each, .ctx = ctx};
	int rc = each_directory(path, list_directory, &listing);

	for (size_t i = 0; i < listing.count; i++)
		free(listing.seen[i]);
	free(listing.seen);
	return rc;
}
