# Inside fresh namespaces: a small machine on which systemd is process 1. Nothing of it is seen outside.
# Usage: bash systemd_box.sh INSTALLED UNIFIED CONSOLE
set -eu
installed=$1 unified=$2 console=$3
mount --make-rprivate /
mount -t proc proc /proc
lower=$(mktemp -d)
mount -t tmpfs tmpfs "$lower"
mkdir "$lower/etc" "$lower/etc.work" "$lower/local" "$lower/local.work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$lower/etc,workdir=$lower/etc.work" /etc
mount -t overlay overlay -o "lowerdir=$installed/usr/local:/usr/local,upperdir=$lower/local,workdir=$lower/local.work" /usr/local
for folder in /run /var/lib /var/tmp; do mount -t tmpfs tmpfs "$folder"; done
umount -R /sys/fs/cgroup
if [ "$unified" = yes ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
    mount -t tmpfs tmpfs /sys/fs/cgroup
    mkdir /sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
fi
mkdir -p /run/lock /run/systemd
# Only what the dialer's units name: the services of this machine are not to be started here.
mount -t tmpfs tmpfs /lib/systemd/system
mount -t tmpfs tmpfs /etc/systemd/system
for target in box sysinit basic shutdown network-online time-sync multi-user timers sockets; do
    printf '[Unit]\nDefaultDependencies=no\n' > "/lib/systemd/system/$target.target"
done
[ -e /dev/console ] || touch /dev/console
mount --bind "$console" /dev/console
mount -t tmpfs tmpfs /tmp
# Without a journal here, what the services write goes to the console too.
mkdir /etc/systemd/system/service.d
printf '[Service]\nStandardOutput=append:/dev/console\nStandardError=append:/dev/console\n' \
    > /etc/systemd/system/service.d/console.conf
# As a container's manager leaves it: credentials are mounted by a child and must be seen by the services.
mount --make-rshared /
exec env -i container=other PATH="$PATH" /lib/systemd/systemd --system --unit=box.target --log-target=console \
    --log-level=info --show-status=no
