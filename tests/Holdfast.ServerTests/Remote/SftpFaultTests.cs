using System.Security.Cryptography;
using Holdfast.Engine.Remotes;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Remote;

/// <summary>Faults of a real sshd and of the way to it.</summary>
public sealed class SftpFaultTests
{
    private const string Secret = "correct horse";
    private static readonly byte[] Content = RandomNumberGenerator.GetBytes(9_000_000);
    private static readonly string Name = Id.Hash(Content).ToString();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(2_000)] // while keys are agreed on
    [InlineData(1_000_000)] // in the middle of the upload
    [InlineData(9_060_000)] // about the answer to it
    [InlineData(12_000_000)] // in the middle of what is read back
    public async Task Connections_that_are_cut_are_made_again(long bytes)
    {
        await using var server = await SftpServer.StartAsync();
        await SftpBackendTests.CreatedAsync(SftpBackendTests.BackendOf(server));
        using var proxy = new CuttingProxy(server.Port, connections: 3, bytes);
        var location = server.Location.Replace($":{server.Port}/", $":{proxy.Port}/", StringComparison.Ordinal);
        var known = (await File.ReadAllTextAsync(server.KnownHosts, Now)).Replace($":{server.Port} ", $":{proxy.Port} ", StringComparison.Ordinal);
        var files = new SshFiles { Identity = server.Identity, KnownHosts = server.Folder.Write("known.proxy", known) };
        var backend = SftpBackendTests.BackendOf(server, location, files);
        for (var round = 0; round < 3; round++)
        {
            await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
            Assert.Equal(Content, await ReadAsync(backend));
        }
        Assert.NotEqual(0, proxy.Cut);
        var folder = Path.Combine(server.Data, "data", Name[..2]);
        Assert.Equal([Path.Combine(folder, Name)], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public async Task A_backup_goes_on_when_what_serves_it_is_killed_again_and_again()
    {
        await using var server = await SftpServer.StartAsync();
        var traffic = new Traffic { Upload = new RateLimit(40 << 20, TimeProvider.System) };
        var cheap = new InitOptions { KeyDerivation = KeyDerivation.Random };
        await using var repository = await Repository.InitAsync(SftpBackendTests.BackendOf(server, traffic: traffic), Secret, cheap, cancellation: Now);
        var bytes = RandomNumberGenerator.GetBytes(100 << 20);
        var killed = 0;
        await using (await repository.LockAsync(LockKind.Shared, cancellation: Now))
        await using (var writer = await repository.BeginSnapshotAsync(cancellation: Now))
        {
            var adding = AddAsync(writer, bytes);
            // Each kill in a row doubles the pause before the next try, up to what would outlast the patience.
            while (!adding.IsCompleted && killed < 6)
            {
                await Task.WhenAny(adding, Eventually.PassAsync(TimeSpan.FromMilliseconds(150), "the upload goes on for a while"));
                killed += await server.KillConnectionsAsync();
            }
            await adding;
        }
        Assert.True(killed >= 5, $"Only {killed} connections were killed.");
        await ResticBinary.Find().CheckAsync(server.Data, Secret);
        await using var local = await Repository.OpenAsync(new LocalBackend(server.Data), Secret, cancellation: Now);
        Assert.Single(await local.ListSnapshotsAsync(Now));
    }

    [Fact]
    public async Task A_server_that_is_restarted_is_waited_for_and_one_that_never_answered_is_not()
    {
        await using var server = await SftpServer.StartAsync();
        var backend = await SftpBackendTests.CreatedAsync(SftpBackendTests.BackendOf(server));
        server.StopProcess();
        var saving = backend.SaveAsync(FileKind.Pack, Name, Content, Now).AsTask();
        var never = SftpBackendTests.BackendOf(server, first: TimeSpan.FromMilliseconds(300));
        var failure = await FailsAsync(ResticError.Unreachable, never.SizeAsync(FileKind.Config, "", Now).AsTask());
        Assert.Contains("Connection refused", failure.Message, StringComparison.Ordinal);
        await server.StartProcessAsync();
        await saving;
        Assert.Equal(Content, await ReadAsync(backend));
    }

    [Fact]
    public async Task A_server_that_hangs_ends_an_operation_by_deadline()
    {
        await using var server = await SftpServer.StartAsync();
        var backend = await SftpBackendTests.CreatedAsync(SftpBackendTests.BackendOf(server, stall: TimeSpan.FromSeconds(5)));
        await server.HoldConnectionsAsync(held: true);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now); // by another connection
        await server.HoldConnectionsAsync(held: false);
        Assert.Equal(Content, await ReadAsync(backend));
    }

    [Fact]
    public async Task Who_is_not_let_in_and_a_server_that_is_not_known_are_refused_at_once_with_the_words_of_ssh()
    {
        await using var server = await SftpServer.StartAsync();
        var other = server.Folder.Write("known.other", (await File.ReadAllTextAsync(server.KnownHosts, Now)).Split(' ')[0] + " " + await File.ReadAllTextAsync(server.Folder["other.pub"], Now));
        foreach (var (files, words) in new[]
        {
            (new SshFiles { Identity = server.Folder["other"], KnownHosts = server.KnownHosts }, "Permission denied (publickey)"),
            (new SshFiles { Identity = server.Folder["none"], KnownHosts = server.KnownHosts }, "Permission denied (publickey)"),
            (new SshFiles { Identity = server.Identity, KnownHosts = server.Folder.Write("known.empty", "") }, "No ED25519 host key is known for [127.0.0.1]"),
            (new SshFiles { Identity = server.Identity, KnownHosts = other }, "has changed and you have requested strict checking"),
        })
        {
            var backend = SftpBackendTests.BackendOf(server, server.Location, files);
            var failure = await FailsAsync(ResticError.Refused, backend.SizeAsync(FileKind.Config, "", Now).AsTask());
            Assert.Contains(words, failure.Message, StringComparison.Ordinal);
        }
        var nowhere = SftpBackendTests.BackendOf(server, "sftp:host.invalid:/x");
        Assert.Contains("host.invalid", (await FailsAsync(ResticError.Refused, nowhere.SizeAsync(FileKind.Config, "", Now).AsTask())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_is_told_and_leaves_nothing()
    {
        await using var server = await SftpServer.StartAsync();
        using var disk = new SmallDisk(server.Folder["data/shop"], 4 << 20);
        var backend = await SftpBackendTests.CreatedAsync(SftpBackendTests.BackendOf(server));
        await FailsAsync(ResticError.Full, backend.SaveAsync(FileKind.Pack, Name, Content, Now).AsTask());
        Assert.Empty(Directory.GetFiles(Path.Combine(server.Data, "data", Name[..2])));
        await backend.SaveAsync(FileKind.Lock, Name, new byte[] { 1 }, Now);
    }

    [Fact]
    public async Task A_place_that_may_not_be_written_is_told()
    {
        await using var server = await SftpServer.StartAsync();
        using var disk = new SmallDisk(server.Folder["data/shop"], 4 << 20);
        var backend = await SftpBackendTests.CreatedAsync(SftpBackendTests.BackendOf(server));
        await backend.SaveAsync(FileKind.Lock, Name, new byte[] { 1 }, Now);
        (await Command.RunAsync("mount", ["-o", "remount,ro", disk.Path])).Succeeded();
        await FailsAsync(ResticError.ReadOnly, backend.SaveAsync(FileKind.Pack, Name, new byte[] { 1 }, Now).AsTask());
        await FailsAsync(ResticError.ReadOnly, backend.RemoveAsync(FileKind.Lock, Name, Now).AsTask());
        await using var guarded = await SftpServer.StartAsync("-R");
        Directory.CreateDirectory(Path.Combine(guarded.Data, "locks"));
        await FailsAsync(ResticError.ReadOnly, SftpBackendTests.BackendOf(guarded).SaveAsync(FileKind.Lock, Name, new byte[] { 1 }, Now).AsTask());
    }

    [Fact]
    public async Task No_more_connections_are_made_than_the_profile_allows()
    {
        await using var server = await SftpServer.StartAsync();
        var traffic = new Traffic { Connections = 2, Upload = new RateLimit(30 << 20, TimeProvider.System) };
        var backend = await SftpBackendTests.CreatedAsync(SftpBackendTests.BackendOf(server, traffic: traffic));
        var saving = Parallel.ForAsync(0, 12, new ParallelOptions { MaxDegreeOfParallelism = 12, CancellationToken = Now }, async (number, cancellation) =>
        {
            byte[] content = [.. Content.AsSpan(number)];
            await backend.SaveAsync(FileKind.Pack, Id.Hash(content).ToString(), content, cancellation);
        });
        var most = 0;
        while (!saving.IsCompleted) most = Math.Max(most, (await server.ConnectionsAsync()).Count);
        await saving;
        Assert.Equal(2, most);
    }

    private static async Task AddAsync(SnapshotWriter writer, byte[] bytes)
    {
        await writer.AddStreamAsync("/noise", new MemoryStream(bytes), cancellation: Now);
        await writer.CommitAsync(new SnapshotHeader { Paths = ["/noise"], Hostname = "here" }, Now);
    }

    private static async Task<byte[]> ReadAsync(IBackend backend)
    {
        var bytes = new byte[Content.Length];
        await backend.ReadAsync(FileKind.Pack, Name, 0, bytes, Now);
        return bytes;
    }

    private static async Task<ResticException> FailsAsync(ResticError error, Task call)
    {
        var failure = await Assert.ThrowsAsync<ResticException>(() => call);
        Assert.True(error == failure.Error, failure.ToString());
        return failure;
    }
}
