using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;

namespace Holdfast.ServerTests.OldSystem;

/// <summary>
/// A system of the age of Rocky Linux 8 (glibc 2.31, OpenSSL 1.1.1, PostgreSQL 13) that scripts run in: the root of Debian 11 that
/// <c>tests/Holdfast.Testing/old-root</c> makes once for all tests, with empty file systems where a script writes.
/// </summary>
internal static class OldRoot
{
    private const string Place = "/var/cache/holdfast/debian-11";

    /// <summary>Mounts of the script alone; its processes end with it, servers too.</summary>
    private const string Enter = """
        root=$1 binary=$2 shared=$3 script=$4
        mount --make-rprivate /
        for folder in tmp run srv root var/lib/holdfast; do mkdir -p "$root/$folder"; mount -t tmpfs -o mode=755 none "$root/$folder"; done
        chmod 1777 "$root/tmp"
        mount --rbind /dev "$root/dev"
        mount -t proc proc "$root/proc"
        mkdir "$root/srv/shared" "$root/run/postgresql"
        mount --bind "$shared" "$root/srv/shared"
        install "$binary" "$root/run/holdfast"
        exec env -i PATH=/run:/usr/lib/postgresql/13/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
          chroot "$root" bash -euo pipefail -c "$script"
        """;

    /// <summary>Runs a script of bash, with <c>holdfast</c> and PostgreSQL's programs in its PATH. What it leaves in /srv/shared is in the folder.</summary>
    public static async Task<CommandResult> RunAsync(TempFolder shared, string script)
    {
        var binary = HoldfastBinary.Find();
        await MakeAsync();
        return await Command.RunAsync(
            "unshare", ["--mount", "--pid", "--fork", "--kill-child", "bash", "-euo", "pipefail", "-c", Enter, "bash", Place, binary, shared.Path, script]);
    }

    private static async Task MakeAsync()
    {
        Require.Root();
        Require.Program("unshare");
        if (File.Exists($"{Place}/usr/bin/redis-server")) return;
        Require.Program("debootstrap");
        var made = await Command.RunAsync(SourceTree.PathOf("tests/Holdfast.Testing/old-root"), [Place]);
        Require.That(made.ExitCode == 0, $"No Debian 11 can be had here. {made.Errors}");
    }
}
