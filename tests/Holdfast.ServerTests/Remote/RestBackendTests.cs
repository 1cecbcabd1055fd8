using System.Security.Cryptography;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Restoring;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Remote;

/// <summary>What is particular about REST servers, with a real one.</summary>
public sealed class RestBackendTests
{
    private const string Secret = "correct horse";
    private static readonly byte[] Content = RandomNumberGenerator.GetBytes(3_000_000);
    private static readonly string Name = Id.Hash(Content).ToString();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private static RestOptions Quick => new()
    {
        Pause = TimeSpan.FromMilliseconds(20), FirstPatience = TimeSpan.FromMilliseconds(300),
        Patience = TimeSpan.FromMinutes(2),
    };

    [Fact]
    public async Task An_append_only_server_takes_files_and_lets_nothing_but_locks_be_removed()
    {
        await using var server = await RestServer.StartAsync(new() { AppendOnly = true });
        var backend = await CreatedAsync(server.Location, Quick);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        await backend.SaveAsync(FileKind.Lock, Name, Content, Now);
        await FailsAsync(ResticError.ReadOnly, backend.RemoveAsync(FileKind.Pack, Name, Now));
        await FailsAsync(ResticError.ReadOnly, backend.SaveAsync(FileKind.Pack, Name, new byte[] { 1 }, Now));
        await backend.RemoveAsync(FileKind.Lock, Name, Now);
        Assert.Equal(Content.Length, await backend.SizeAsync(FileKind.Pack, Name, Now));
    }

    [Fact]
    public async Task A_damaged_file_is_healed_by_saving_it_again()
    {
        await using var server = await RestServer.StartAsync();
        var backend = await CreatedAsync(server.Location, Quick);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        var stored = Directory.EnumerateFiles(server.Folder["data"], Name, SearchOption.AllDirectories);
        Damaged.Truncate(stored.Single(), 1000);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        Assert.Equal(Content, await ReadAsync(backend));
    }

    [Fact]
    public async Task Who_has_the_password_gets_in_and_no_message_repeats_it()
    {
        await using var server = await RestServer.StartAsync(new() { WithUser = true });
        var identity = $"//{RestServer.User}:{Uri.EscapeDataString(RestServer.Password)}@";
        var url = server.Location.Replace("//", identity, StringComparison.Ordinal);
        var location = RestLocation.Parse(url);
        var backend = await CreatedAsync(url, new RestOptions { User = location.User, Password = location.Password });
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        Assert.Equal(server.Location, backend.Location);
        foreach (var password in new[] { null, "wrong" })
        {
            var options = new RestOptions { User = password is null ? null : RestServer.User, Password = password };
            var refused = await FailsAsync(ResticError.Refused, SizeAsync(location, options));
            Assert.DoesNotContain(password ?? RestServer.Password, refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_server_whose_authority_is_trusted_is_spoken_to_over_TLS_and_no_other()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Certificates.SelfSigned(key);
        await using var server = await RestServer.StartAsync(new() { Certificate = certificate });
        var backend = await CreatedAsync(server.Location, new RestOptions { Authorities = [certificate] });
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = Certificates.SelfSigned(otherKey);
        foreach (var options in new[] { Quick, new RestOptions { Authorities = [other] } })
            await FailsAsync(ResticError.Refused, SizeAsync(RestLocation.Parse(server.Location), options));
    }

    [Theory]
    [InlineData(1_000_000)] // in the middle of the upload
    [InlineData(3_000_300)] // before the answer to it
    [InlineData(5_000_000)] // in the middle of what is read back
    public async Task Connections_that_are_cut_are_made_anew(long bytes)
    {
        await using var server = await RestServer.StartAsync();
        await CreatedAsync(server.Location, Quick);
        using var proxy = new CuttingProxy(server.Port, connections: 3, bytes);
        var location = server.Location.Replace($":{server.Port}/", $":{proxy.Port}/", StringComparison.Ordinal);
        var pause = TimeSpan.FromMilliseconds(20);
        var patient = new RestOptions { Pause = pause, FirstPatience = TimeSpan.FromMinutes(2) };
        var backend = new RestBackend(RestLocation.Parse(location), patient);
        for (var round = 0; round < 3; round++)
        {
            await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
            Assert.Equal(Content, await ReadAsync(backend));
        }
        Assert.NotEqual(0, proxy.Cut);
    }

    [Fact]
    public async Task A_server_that_is_restarted_is_waited_for_and_one_that_never_answered_is_not()
    {
        await using var server = await RestServer.StartAsync();
        var backend = await CreatedAsync(server.Location, Quick);
        server.StopProcess();
        var saving = backend.SaveAsync(FileKind.Pack, Name, Content, Now).AsTask();
        await FailsAsync(ResticError.Unreachable, SizeAsync(RestLocation.Parse(server.Location), Quick));
        await server.StartProcessAsync();
        await saving;
        Assert.Equal(Content, await ReadAsync(backend));
    }

    [Fact]
    public async Task A_server_that_hangs_ends_a_request_by_deadline()
    {
        await using var server = await RestServer.StartAsync();
        await CreatedAsync(server.Location, Quick);
        var stall = TimeSpan.FromMilliseconds(200);
        var hasty = new RestOptions { Stall = stall, FirstPatience = TimeSpan.FromMilliseconds(500) };
        await server.HoldAsync(held: true);
        var location = RestLocation.Parse(server.Location);
        var hanging = new RestBackend(location, hasty);
        await FailsAsync(ResticError.Unreachable, hanging.SaveAsync(FileKind.Pack, Name, Content, Now));
        await server.HoldAsync(held: false);
        await new RestBackend(location, Quick).SaveAsync(FileKind.Pack, Name, Content, Now);
    }

    [Fact]
    public async Task The_stock_restic_reads_what_we_write_to_a_server_and_we_read_what_it_writes()
    {
        var restic = ResticBinary.Find();
        await using var server = await RestServer.StartAsync();
        using var folder = new TempFolder();
        await File.WriteAllBytesAsync(folder["noise"], Content, Now);
        var backend = new RestBackend(RestLocation.Parse(server.Location), Quick);
        var cheap = new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) };
        await using var repository = await Repository.InitAsync(backend, Secret, cheap, cancellation: Now);
        await using (await repository.LockAsync(LockKind.Shared, cancellation: Now))
        await using (var writer = await repository.BeginSnapshotAsync(cancellation: Now))
        {
            await writer.AddStreamAsync("/ours", new MemoryStream(Content), cancellation: Now);
            await writer.CommitAsync(new SnapshotHeader { Paths = ["/ours"], Hostname = "here" }, Now);
        }
        await restic.CheckAsync(server.Location, Secret);
        var dump = await restic.RunAsync(server.Location, Secret, "dump", "latest", "/ours");
        Assert.Equal(Content, dump.Succeeded().OutputBytes);
        (await restic.RunAsync(server.Location, Secret, "backup", folder["noise"])).Succeeded();
        await repository.RefreshAsync(Now);
        var theirs = await repository.FindSnapshotAsync("latest", Now);
        var report = await repository.RestoreAsync(theirs, folder["noise"], folder["back"], new RestoreOptions(), Now);
        Assert.Empty(report.Failures);
        Assert.True((await repository.CheckAsync(new CheckOptions { ReadData = ReadSubset.All }, Now)).IsClean);
    }

    private static async Task<IBackend> CreatedAsync(string location, RestOptions options)
    {
        var backend = new RestBackend(RestLocation.Parse(location), options);
        await backend.CreateAsync(Now);
        return backend;
    }

    private static async Task<byte[]> ReadAsync(IBackend backend)
    {
        var bytes = new byte[Content.Length];
        await backend.ReadAsync(FileKind.Pack, Name, 0, bytes, Now);
        return bytes;
    }

    private static Task<long> SizeAsync(RestLocation location, RestOptions options) =>
        new RestBackend(location, options).SizeAsync(FileKind.Pack, Name, Now).AsTask();

    private static Task<ResticException> FailsAsync(ResticError error, ValueTask call) =>
        FailsAsync(error, call.AsTask());

    private static async Task<ResticException> FailsAsync(ResticError error, Task call)
    {
        var failure = await Assert.ThrowsAsync<ResticException>(() => call);
        Assert.Equal(error, failure.Error);
        return failure;
    }
}
