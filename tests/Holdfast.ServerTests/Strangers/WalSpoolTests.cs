using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Hosts;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Strangers;

/// <summary>"wal fetch" of root beside whose target another user has made the folder of what was read ahead.</summary>
public sealed class WalSpoolTests
{
    private const string Segment = "000000010000000000000001", Next = "000000010000000000000002";

    [Fact]
    public async Task Root_neither_takes_nor_removes_what_another_user_has_put_beside_the_target()
    {
        Require.Root();
        await using var rig = await Rig.MakeAsync();
        using var shared = new TempFolder();
        File.SetUnixFileMode(shared.Path, (UnixFileMode)0b1_111_111_111); // as /tmp
        var (target, spool) = (shared["RECOVERYXLOG"], WalFetch.SpoolOf(shared["RECOVERYXLOG"]));
        (await AsOtherAsync("mkdir", spool)).Succeeded();
        (await AsOtherAsync("cp", "/etc/hostname", $"{spool}/{Segment}")).Succeeded();

        Assert.False(WalFetch.TryTake(Segment, target));
        Assert.False(await new WalFetch(rig.Repository, Rig.Platform, "main").RunAsync(Next, target, Rig.Cancellation));
        Assert.True(File.Exists($"{spool}/{Segment}"));
        Assert.False(File.Exists(target));
    }

    /// <summary>As in pg_wal: root acts as its owner, and the owner's folder is what it should be.</summary>
    [Fact]
    public async Task Root_takes_and_removes_what_was_read_ahead_in_a_folder_of_the_server()
    {
        Require.Root();
        await using var rig = await Rig.MakeAsync();
        using var shared = new TempFolder();
        (await Command.RunAsync("chmod", ["a+x", shared.Path])).Succeeded();
        (await Command.RunAsync("install", ["-d", "-o", "postgres", "-g", "postgres", shared["pg_wal"]])).Succeeded();
        var (target, spool) = (shared["pg_wal/RECOVERYXLOG"], WalFetch.SpoolOf(shared["pg_wal/RECOVERYXLOG"]));
        (await AsOtherAsync("mkdir", spool)).Succeeded();
        (await AsOtherAsync("cp", "/etc/hostname", $"{spool}/{Segment}")).Succeeded();

        Assert.True(WalFetch.TryTake(Segment, target));
        Assert.NotEqual(0u, FileFacts.Of(target).User);
        Assert.False(await new WalFetch(rig.Repository, Rig.Platform, "main").RunAsync(Next, target, Rig.Cancellation));
        Assert.False(Directory.Exists(spool));
    }

    private static Task<CommandResult> AsOtherAsync(string program, params string[] arguments) =>
        Command.RunAsync("runuser", ["-u", "postgres", "--", program, .. arguments]);
}
