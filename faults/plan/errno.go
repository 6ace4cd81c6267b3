package plan

import (
	"sort"
	"syscall"
)

// errnos are the system errors that a rule may return.
var errnos = map[string]syscall.Errno{
	"EACCES":       syscall.EACCES,
	"EBUSY":        syscall.EBUSY,
	"ECONNREFUSED": syscall.ECONNREFUSED,
	"ECONNRESET":   syscall.ECONNRESET,
	"EDQUOT":       syscall.EDQUOT,
	"EEXIST":       syscall.EEXIST,
	"EINTR":        syscall.EINTR,
	"EINVAL":       syscall.EINVAL,
	"EIO":          syscall.EIO,
	"EMFILE":       syscall.EMFILE,
	"ENOENT":       syscall.ENOENT,
	"ENOSPC":       syscall.ENOSPC,
	"ENOTEMPTY":    syscall.ENOTEMPTY,
	"EPERM":        syscall.EPERM,
	"EPIPE":        syscall.EPIPE,
	"EROFS":        syscall.EROFS,
	"ETIMEDOUT":    syscall.ETIMEDOUT,
	"EXDEV":        syscall.EXDEV,
}

func errnoNames() []string {
	names := make([]string, 0, len(errnos))
	for name := range errnos {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
