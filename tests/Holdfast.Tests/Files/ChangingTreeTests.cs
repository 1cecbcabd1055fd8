using Holdfast.Engine.Points;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files;

/// <summary>A tree that others change between the moment at which an entry is found and the moment at which it is read.</summary>
public sealed class ChangingTreeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""rm "$1" && mkfifo "$1" """, "Fifo")]
    [InlineData("""rm "$1" && ln -s other "$1" """, "Symlink")]
    [InlineData("""rm "$1" && python3 -c 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1" """, "Socket")]
    public async Task A_file_that_becomes_something_else_before_it_is_read_is_archived_as_that(string swap, string type)
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/good", "x");
        var path = rig.Disk.Write("etc/swapped", "x");
        var warnings = new List<ArchiveWarning>();
        var point = await ArchiveAsync(rig, rig.Disk["etc"], path, () => Command.BashAsync(swap, path).GetAwaiter().GetResult().Succeeded(), warnings);
        Assert.Equal(type, (await rig.Repository.FindNodeAsync(point, path, Token))!.Type.ToString());
        Assert.NotNull(await rig.Repository.FindNodeAsync(point, rig.Disk["etc/good"], Token));
        Assert.Empty(warnings);
    }

    [Fact]
    public async Task A_file_that_becomes_a_folder_before_it_is_read_costs_that_entry_only()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("etc/good", "x");
        var path = rig.Disk.Write("etc/swapped", "x");
        var warnings = new List<ArchiveWarning>();
        var point = await ArchiveAsync(rig, rig.Disk["etc"], path, () => { File.Delete(path); Directory.CreateDirectory(path); }, warnings);
        Assert.Null(await rig.Repository.FindNodeAsync(point, path, Token));
        Assert.NotNull(await rig.Repository.FindNodeAsync(point, rig.Disk["etc/good"], Token));
        Assert.Equal(path, Assert.Single(warnings).Path);
    }

    [Fact]
    public async Task A_folder_that_becomes_a_link_while_it_is_walked_brings_nothing_in_from_where_it_leads()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("secret/key", "of somebody else");
        rig.Disk.Write("app/conf/key", "own");
        var conf = rig.Disk["app/conf"];
        void Swap()
        {
            Directory.Move(conf, conf + ".old");
            Directory.CreateSymbolicLink(conf, "../secret");
        }

        foreach (var trigger in new[] { conf, $"{conf}/key" })
        {
            var warnings = new List<ArchiveWarning>();
            var point = await ArchiveAsync(rig, rig.Disk["app"], trigger, Swap, warnings);
            Assert.Null(await rig.Repository.FindNodeAsync(point, $"{conf}/key", Token));
            Assert.NotEmpty(warnings);
            File.Delete(conf);
            Directory.Move(conf + ".old", conf);
        }
    }

    [Theory]
    [InlineData(BackupMode.Online)]
    [InlineData(BackupMode.Quiesced)]
    public async Task What_vanishes_below_a_selected_folder_is_a_note_and_the_point_is_complete(BackupMode mode)
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Manifest.Mode = mode;
        rig.Disk.Write("spool/stays", "x");
        var going = rig.Disk.Write("spool/going", "x");
        var component = rig.Component("groups: { All: [DISK/spool] }");
        await using var vanishing = new VanishingFile(going);
        await rig.CaptureAsync(component);
        Assert.True(rig.Record.Complete);
        Assert.Empty(rig.Step.Warned);
    }

    [Fact]
    public async Task A_folder_and_a_file_that_vanish_between_the_listing_and_the_look_are_told_as_gone()
    {
        await using var rig = await FilesRig.MakeAsync();
        rig.Disk.Write("spool/a", "x");
        rig.Disk.Write("spool/b/c", "x");
        rig.Disk.Write("spool/d", "x");
        var warnings = new List<ArchiveWarning>();
        await ArchiveAsync(rig, rig.Disk["spool"], rig.Disk["spool/a"], () => { Directory.Delete(rig.Disk["spool/b"], recursive: true); File.Delete(rig.Disk["spool/d"]); }, warnings);
        Assert.Equal([rig.Disk["spool/b"], rig.Disk["spool/d"]], warnings.Select(warning => warning.Path), StringComparer.Ordinal);
        Each.Holds(warnings, warning => Assert.True(warning.IsGone));
    }

    /// <summary>Archives a folder; when the walk has found what is at <paramref name="trigger"/>, and before it is read, something happens.</summary>
    private static async Task<Snapshot> ArchiveAsync(FilesRig rig, string folder, string trigger, Action happens, List<ArchiveWarning> warnings)
    {
        await using var writer = await rig.Repository.BeginSnapshotAsync(null, Token);
        var options = new ArchiveOptions
        {
            Exclude = (path, _) =>
            {
                if (path == trigger) happens();
                return false;
            },
            OnWarning = warning => { lock (warnings) warnings.Add(warning); },
        };
        await writer.AddPathsAsync([folder], options, Token);
        return await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "test" }, Token);
    }

    /// <summary>A name that comes and goes all the time, as a spool's do.</summary>
    private sealed class VanishingFile : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _work;

        public VanishingFile(string path) => _work = Task.Run(() =>
        {
            while (!_stop.IsCancellationRequested)
            {
                File.Delete(path);
                File.WriteAllText(path, "x");
            }
        });

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _work;
            _stop.Dispose();
        }
    }
}
