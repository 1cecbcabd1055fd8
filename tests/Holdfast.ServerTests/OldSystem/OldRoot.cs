using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;

namespace Holdfast.ServerTests.OldSystem;

/// <summary>
/// A system of the age of Rocky Linux 8 (glibc 2.31, OpenSSL 1.1.1, PostgreSQL 13) that scripts run in: the root of Debian 11 that
/// <c>tests/Holdfast.Testing/old-root</c> makes once for all tests, below a layer that ends with the script.
/// </summary>
internal static class OldRoot
{
    private const string Root = "/var/cache/holdfast/debian-11", ArmLibraries = "/var/cache/holdfast/debian-11-arm64-libraries";

    /// <summary>
    /// Mounts of the script alone; its processes end with it, servers too. $5: whether it looks at $root from outside. $6: the libraries of arm64, when
    /// the program is for arm64 and qemu runs it; the multiarch directories of Debian let them lie beside those of the root.
    /// </summary>
    private const string Enter = """
        root=$1 binary=$2 shared=$3 script=$4 outside=$5 libraries=$6
        mount --make-rprivate /
        mount -t tmpfs -o mode=755 none /mnt
        mkdir /mnt/upper /mnt/work
        mount -t overlay -o "lowerdir=$root,upperdir=/mnt/upper,workdir=/mnt/work" none "$root"
        for folder in tmp run srv root; do mkdir -p "$root/$folder"; mount -t tmpfs -o mode=755 none "$root/$folder"; done
        chmod 1777 "$root/tmp"
        mount --rbind /dev "$root/dev"
        mount -t proc proc "$root/proc"
        mkdir "$root/srv/shared" "$root/run/postgresql"
        mount --bind "$shared" "$root/srv/shared"
        install "$binary" "$root/run/holdfast"
        if [ -n "$libraries" ]; then
          cp -a "$libraries/lib/." "$root/lib/"
          cp -a "$libraries/usr/." "$root/usr/"
          install "$(type -P qemu-aarch64-static)" "$root/run/qemu"
          mv "$root/run/holdfast" "$root/run/holdfast-arm64"
          printf '#!/bin/sh\nexec /run/qemu /run/holdfast-arm64 "$@"\n' >"$root/run/holdfast"
          chmod 755 "$root/run/holdfast"
        fi
        if [ "$outside" = True ]; then export root; exec bash -euo pipefail -c "$script"; fi
        exec env -i PATH=/run:/usr/lib/postgresql/13/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
          chroot "$root" bash -euo pipefail -c "$script"
        """;

    /// <summary>Runs a script of bash, with <c>holdfast</c> and PostgreSQL's programs in its PATH. What it leaves in /srv/shared is in the folder.</summary>
    public static Task<CommandResult> RunAsync(TempFolder shared, string script) => RunAsync(shared, script, HoldfastBinary.Find(), outside: false);

    /// <summary>Where the root is, for what lays a layer over it; it must not be changed.</summary>
    public static async Task<string> FindAsync()
    {
        await MakeAsync("old-root", [Root]);
        return Root;
    }

    /// <summary>Runs a script of bash beside the root, whose place <c>$root</c> names, with this machine's programs.</summary>
    public static Task<CommandResult> RunOutsideAsync(TempFolder shared, string script) => RunAsync(shared, script, HoldfastBinary.Find(), outside: true);

    /// <summary>As <see cref="RunAsync(TempFolder, string)"/>, in a root of another release of Debian with nothing in it but what each has.</summary>
    public static async Task<CommandResult> RunInFreshAsync(string suite, TempFolder shared, string script)
    {
        var place = $"/var/cache/holdfast/{suite}";
        await MakeAsync("old-root", [place, suite]);
        return await EnterAsync(place, shared, script, HoldfastBinary.Find(), outside: false);
    }

    /// <summary>As <see cref="RunAsync(TempFolder, string)"/>, but <c>holdfast</c> is the program for arm64, which qemu runs; all others are this machine's.</summary>
    public static async Task<CommandResult> RunOnArmAsync(TempFolder shared, string script)
    {
        Require.Program("qemu-aarch64-static");
        await MakeAsync("arm64-libraries", [ArmLibraries]);
        return await RunAsync(shared, script, HoldfastBinary.FindForArm(), outside: false, ArmLibraries);
    }

    private static async Task<CommandResult> RunAsync(TempFolder shared, string script, string binary, bool outside, string libraries = "")
    {
        return await EnterAsync(await FindAsync(), shared, script, binary, outside, libraries);
    }

    private static Task<CommandResult> EnterAsync(string place, TempFolder shared, string script, string binary, bool outside, string libraries = "")
    {
        string[] alone = ["--mount", "--pid", "--fork", "--kill-child", "bash", "-euo", "pipefail", "-c", Enter, "bash"];
        return Command.RunAsync("unshare", [.. alone, place, binary, shared.Path, script, $"{outside}", libraries]);
    }

    /// <summary>Makes what is missing below /var/cache, or is not what the maker would make today; the folder comes first among the arguments.</summary>
    private static async Task MakeAsync(string maker, string[] arguments)
    {
        Require.Root();
        Require.Program("unshare");
        var made = await Command.RunAsync(SourceTree.PathOf($"tests/Holdfast.Testing/{maker}"), arguments, limit: TimeSpan.FromMinutes(15));
        Require.That(made.ExitCode == 0, $"No root of Debian can be had here. {made.Errors}");
    }
}
