using System.Security.Cryptography;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Remotes;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.Sftp;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Remote;

/// <summary>What is particular about repositories that are reached by SFTP, with a real sshd.</summary>
public sealed class SftpBackendTests
{
    private const string Secret = "correct horse";
    private static readonly byte[] Content = RandomNumberGenerator.GetBytes(9_000_000);
    private static readonly string Name = Id.Hash(Content).ToString();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    /// <summary>A backend that tries again soon; by the server's configuration unless other files are named.</summary>
    internal static SftpBackend BackendOf(
        SftpServer server, string? location = null, SshFiles? files = null, TimeSpan? stall = null, TimeSpan? first = null, Traffic? traffic = null)
    {
        var used = files ?? (location is null ? new SshFiles { Configuration = server.Configuration } : new SshFiles { Identity = server.Identity, KnownHosts = server.KnownHosts });
        var host = new LocalHost(Environment.GetEnvironmentVariable);
        var options = new SftpOptions
        {
            Program = place => new SshProgram(host, place, used), Pause = TimeSpan.FromMilliseconds(20),
            Stall = stall ?? new SftpOptions().Stall, FirstPatience = first ?? TimeSpan.FromMinutes(2), Traffic = traffic ?? new Traffic(),
        };
        return new SftpBackend(SftpLocation.Parse(location ?? server.ShortLocation), options);
    }

    [Fact]
    public async Task The_layout_is_that_of_a_local_repository_for_its_owner_alone()
    {
        await using var server = await SftpServer.StartAsync();
        var backend = await CreatedAsync(BackendOf(server, server.Location));
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var pack = Path.Combine(server.Data, "data", Name[..2], Name);
        Assert.Equal(["data", "index", "keys", "locks", "snapshots"], Directory.GetFileSystemEntries(server.Data).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(256, Directory.GetDirectories(Path.Combine(server.Data, "data")).Length);
        Assert.Equal(Content, await File.ReadAllBytesAsync(pack, Now));
        Assert.Equal((owner, owner | UnixFileMode.UserExecute), (File.GetUnixFileMode(pack), File.GetUnixFileMode(server.Data)));
        Assert.Equal([pack], Directory.GetFileSystemEntries(Path.GetDirectoryName(pack)!));
    }

    [Fact]
    public async Task What_is_added_to_a_repository_that_a_group_shares_can_be_read_by_the_group()
    {
        await using var server = await SftpServer.StartAsync();
        Directory.CreateDirectory(server.Data);
        const UnixFileMode shared = UnixFileMode.SetGroup | UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;
        File.SetUnixFileMode(server.Data, shared);
        var backend = await CreatedAsync(BackendOf(server));
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        var pack = Path.Combine(server.Data, "data", Name[..2], Name);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(pack));
        Assert.Equal(shared, File.GetUnixFileMode(Path.GetDirectoryName(pack)!));
    }

    [Fact]
    public async Task A_damaged_file_is_healed_by_saving_it_again()
    {
        foreach (var words in new[] { "", "-P posix-rename" })
        {
            await using var server = await SftpServer.StartAsync(words);
            var backend = await CreatedAsync(BackendOf(server));
            await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
            Damaged.Truncate(Path.Combine(server.Data, "data", Name[..2], Name), 1000);
            await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
            Assert.Equal(Content, await ReadAsync(backend));
        }
    }

    [Fact]
    public async Task Leftovers_of_killed_writers_are_removed_when_they_are_old_and_nothing_else_is()
    {
        await using var server = await SftpServer.StartAsync();
        var backend = await CreatedAsync(BackendOf(server));
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        var pack = Path.Combine(server.Data, "data", Name[..2], Name);
        foreach (var path in new[] { $"{pack}-tmp-0123456789", $"{pack}-tmp-notes", $"{pack}.old", pack })
        {
            if (path != pack) await File.WriteAllTextAsync(path, "half", Now);
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-2));
        }
        await File.WriteAllTextAsync($"{pack}-tmp-1111111111", "being written", Now);
        Assert.Equal(1, await backend.RemoveLeftoversAsync(TimeSpan.FromDays(1), Now));
        Assert.False(File.Exists($"{pack}-tmp-0123456789"));
        Assert.Equal(4, Directory.GetFiles(Path.GetDirectoryName(pack)!).Length);
        Assert.Empty(Directory.GetFiles(Path.Combine(server.Data, "locks")));
    }

    [Fact]
    public async Task Folders_that_a_copy_lost_are_empty_and_made_again_when_needed()
    {
        await using var server = await SftpServer.StartAsync();
        var backend = await CreatedAsync(BackendOf(server));
        Directory.Delete(Path.Combine(server.Data, "data"), recursive: true);
        Assert.Empty(await ListAsync(backend));
        await backend.RemoveAsync(FileKind.Pack, Name, Now);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        Assert.Equal([Name], await ListAsync(backend));
    }

    [Fact]
    public async Task A_place_is_told_by_what_is_there()
    {
        await using var server = await SftpServer.StartAsync();
        var backend = BackendOf(server);
        Assert.Equal(PlaceState.Missing, await backend.LookAsync(Now));
        Directory.CreateDirectory(Path.Combine(server.Data, "lost+found"));
        Assert.Equal(PlaceState.Empty, await backend.LookAsync(Now));
        Directory.CreateDirectory(Path.Combine(server.Data, "keys"));
        Assert.Equal(PlaceState.Unknown, await backend.LookAsync(Now));
        await File.WriteAllTextAsync(Path.Combine(server.Data, "letter"), "x", Now);
        Assert.Equal(PlaceState.Occupied, await backend.LookAsync(Now));
    }

    [Fact]
    public async Task The_stock_restic_reads_what_we_store_by_SFTP_and_we_read_what_it_stores()
    {
        var restic = ResticBinary.Find();
        await using var server = await SftpServer.StartAsync();
        using var folder = new TempFolder();
        await File.WriteAllBytesAsync(folder["noise"], Content, Now);
        await using var repository = await Repository.InitAsync(BackendOf(server), Secret, Cheap, cancellation: Now);
        await using (await repository.LockAsync(LockKind.Shared, cancellation: Now))
        await using (var writer = await repository.BeginSnapshotAsync(cancellation: Now))
        {
            await writer.AddStreamAsync("/ours", new MemoryStream(Content), cancellation: Now);
            await writer.CommitAsync(new SnapshotHeader { Paths = ["/ours"], Hostname = "here" }, Now);
        }
        Task<CommandResult> ResticAsync(params string[] arguments) => restic.RunAsync(
            server.ShortLocation, Secret, ["-o", $"sftp.command=ssh -F {server.Configuration} store -s sftp", .. arguments]);
        (await ResticAsync("check", "--read-data")).Succeeded();
        (await ResticAsync("restore", "latest", "--target", folder["theirs"])).Succeeded();
        Assert.Equal(Content, await File.ReadAllBytesAsync(folder["theirs/ours"], Now));
        (await ResticAsync("backup", folder["noise"])).Succeeded();
        await repository.RefreshAsync(Now);
        var snapshot = await repository.FindSnapshotAsync("latest", Now);
        var report = await repository.RestoreAsync(snapshot, folder["noise"], folder["back"], new RestoreOptions(), Now);
        Assert.Empty(report.Failures);
        Assert.True((await repository.CheckAsync(new CheckOptions { ReadData = ReadSubset.All }, Now)).IsClean);
    }

    private static InitOptions Cheap => new() { KeyDerivation = KeyDerivation.Random };

    internal static async Task<IBackend> CreatedAsync(IBackend backend)
    {
        await backend.CreateAsync(Now);
        return backend;
    }

    private static async Task<List<string>> ListAsync(IBackend backend)
    {
        var names = new List<string>();
        await foreach (var file in backend.ListAsync(FileKind.Pack, Now)) names.Add(file.Name);
        return names;
    }

    private static async Task<byte[]> ReadAsync(IBackend backend)
    {
        var bytes = new byte[Content.Length];
        await backend.ReadAsync(FileKind.Pack, Name, 0, bytes, Now);
        return bytes;
    }
}
