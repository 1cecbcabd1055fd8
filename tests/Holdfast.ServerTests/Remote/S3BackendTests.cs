using System.Security.Cryptography;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.S3;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Remote;

/// <summary>What is particular about object stores, with a real one.</summary>
public sealed class S3BackendTests(SharedStore shared) : IAsyncLifetime
{
    private const string Secret = "correct horse";
    private static readonly byte[] Content = RandomNumberGenerator.GetBytes(3_000_000);
    private static readonly string Name = Id.Hash(Content).ToString();

    private ObjectStore _store = null!;
    private string _location = null!;

    /// <summary>Options with the keys of the store's user.</summary>
    internal static S3Options Ours => With(ObjectStore.AccessKey, ObjectStore.SecretKey);

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private static RestOptions Quick => new()
    {
        Pause = TimeSpan.FromMilliseconds(20), FirstPatience = TimeSpan.FromMilliseconds(300),
        Patience = TimeSpan.FromMinutes(2),
    };

    private static RestOptions Patient => new()
    {
        Pause = TimeSpan.FromMilliseconds(20), FirstPatience = TimeSpan.FromMinutes(2),
    };

    public async ValueTask InitializeAsync()
    {
        _store = await shared.GetAsync();
        _location = _store.NewLocation();
    }

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task A_damaged_file_is_healed_by_saving_it_again()
    {
        var backend = await CreatedAsync();
        await backend.SaveAsync(FileKind.Pack, Name, Content.AsMemory(0, 1000), Now);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        Assert.Equal(Content, await ReadAsync(backend));
    }

    [Theory]
    [InlineData("NOBODY", ObjectStore.SecretKey, "InvalidAccessKeyId")]
    [InlineData(ObjectStore.AccessKey, "not the secret", "SignatureDoesNotMatch")]
    public async Task Keys_that_the_store_does_not_know_are_refused_at_once_and_no_message_repeats_them(
        string access, string secret, string code)
    {
        await CreatedAsync();
        var stranger = new S3Backend(S3Location.Parse(_location), With(access, secret));
        foreach (var call in Calls(stranger))
        {
            var failure = await FailsAsync(ResticError.Refused, call());
            Assert.Contains(code, failure.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, failure.Message, StringComparison.Ordinal);
        }
        await FailsAsync(ResticError.Refused, stranger.CreateAsync(Now).AsTask());
    }

    [Fact]
    public async Task Keys_without_rights_are_told_from_wrong_ones_and_who_may_not_write_finds_it_read_only()
    {
        var backend = await CreatedAsync();
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        await _store.AddUserAsync($"other-{Name[..8]}", "OTHER", "other's");
        var other = new S3Backend(S3Location.Parse(_location), With("OTHER", "other's"));
        await FailsAsync(ResticError.Denied, ReadAsync(other));
        await FailsAsync(ResticError.Denied, other.SizeAsync(FileKind.Pack, Name, Now).AsTask());
        await FailsAsync(ResticError.Denied, other.LookAsync(Now).AsTask());
        await FailsAsync(ResticError.ReadOnly, other.SaveAsync(FileKind.Pack, Name, Content, Now).AsTask());
        await FailsAsync(ResticError.ReadOnly, other.RemoveAsync(FileKind.Pack, Name, Now).AsTask());
        await other.CreateAsync(Now); // it may not look, which need not mean that it may not write
        Assert.Equal(Content, await ReadAsync(backend));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_clock_that_is_an_hour_off_is_named_at_once(int hours)
    {
        await CreatedAsync();
        var clock = new RestOptions { Clock = new ShiftedClock(TimeSpan.FromHours(hours)) };
        var skewed = With(ObjectStore.AccessKey, ObjectStore.SecretKey, clock);
        foreach (var call in Calls(new S3Backend(S3Location.Parse(_location), skewed)))
        {
            var failure = await FailsAsync(ResticError.ClockSkewed, call());
            Assert.Contains("its own shows", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_bucket_that_does_not_exist_is_told_from_an_empty_one()
    {
        var backend = new S3Backend(S3Location.Parse(_location), Ours);
        Assert.Equal(PlaceState.NoBucket, await backend.LookAsync(Now));
        var opening = Repository.OpenAsync(backend, Secret, cancellation: Now);
        var missing = await FailsAsync(ResticError.NoRepository, opening);
        Assert.Contains("its bucket does not exist", missing.Message, StringComparison.Ordinal);
        await FailsAsync(ResticError.NotFound, backend.SaveAsync(FileKind.Pack, Name, Content, Now).AsTask());
        await backend.CreateAsync(Now);
        Assert.Equal(PlaceState.Unknown, await backend.LookAsync(Now));
    }

    [Fact]
    public async Task A_store_whose_authority_is_trusted_is_spoken_to_over_TLS_and_no_other()
    {
        await CreatedAsync();
        var location = S3Location.Parse(_store.OverTls(_location));
        await FailsAsync(ResticError.Refused, new S3Backend(location, Ours).LookAsync(Now).AsTask());
        var trusting = new RestOptions { Authorities = [_store.Authority] };
        var backend = new S3Backend(location, With(ObjectStore.AccessKey, ObjectStore.SecretKey, trusting));
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        Assert.Equal(Content, await ReadAsync(backend));
        Assert.Equal([Name], await NamesAsync(backend));
    }

    [Theory]
    [InlineData(1_000_000)] // in the middle of the upload
    [InlineData(3_000_900)] // about the answer to it
    [InlineData(5_000_000)] // in the middle of what is read back
    public async Task Connections_that_are_cut_are_made_anew(long bytes)
    {
        await CreatedAsync();
        using var proxy = new CuttingProxy(_store.Port, connections: 3, bytes);
        var backend = Through(proxy.Port, Patient);
        for (var round = 0; round < 3; round++)
        {
            await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
            Assert.Equal(Content, await ReadAsync(backend));
        }
        Assert.NotEqual(0, proxy.Cut);
    }

    [Theory]
    [InlineData("503 Slow Down", "SlowDown")]
    [InlineData("500 Internal Server Error", "InternalError")]
    [InlineData("400 Bad Request", "RequestTimeout")]
    [InlineData("503 Service Unavailable", "")]
    public async Task What_may_pass_is_tried_again(string status, string code)
    {
        await CreatedAsync();
        using var proxy = new AnsweringProxy(_store.Port, connections: 3, status, code.Length > 0 ? Error(code) : "");
        var backend = Through(proxy.Port, Patient);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        Assert.Equal(Content, await ReadAsync(backend));
        Assert.True(proxy.Heads.Count > 3);
    }

    [Fact]
    public async Task A_token_that_has_expired_is_named_at_once()
    {
        await CreatedAsync();
        using var proxy = new AnsweringProxy(_store.Port, connections: 1, "400 Bad Request", Error("ExpiredToken"));
        var saving = Through(proxy.Port, Quick).SaveAsync(FileKind.Pack, Name, Content, Now).AsTask();
        var failure = await FailsAsync(ResticError.KeysExpired, saving);
        Assert.Contains("ExpiredToken", failure.Message, StringComparison.Ordinal);
        Assert.Single(proxy.Heads);
    }

    [Fact]
    public async Task The_region_that_an_answer_names_is_followed()
    {
        await CreatedAsync();
        var elsewhere = Error("AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>");
        using var proxy = new AnsweringProxy(_store.Port, connections: 1, "400 Bad Request", elsewhere);
        await Through(proxy.Port, Quick).SaveAsync(FileKind.Pack, Name, Content, Now);
        var regions = proxy.Heads.Select(head => head.Split("Credential=")[1].Split('/')[2]);
        Assert.Equal(["us-east-1", "eu-central-1"], regions);
    }

    [Fact]
    public async Task The_stock_restic_reads_what_we_write_to_a_bucket_and_we_read_what_it_writes()
    {
        using var folder = new TempFolder();
        await File.WriteAllBytesAsync(folder["noise"], Content, Now);
        var backend = new S3Backend(S3Location.Parse(_location), Ours);
        var cheap = new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) };
        await using var repository = await Repository.InitAsync(backend, Secret, cheap, cancellation: Now);
        await using (await repository.LockAsync(LockKind.Shared, cancellation: Now))
        await using (var writer = await repository.BeginSnapshotAsync(cancellation: Now))
        {
            await writer.AddStreamAsync("/ours", new MemoryStream(Content), cancellation: Now);
            await writer.CommitAsync(new SnapshotHeader { Paths = ["/ours"], Hostname = "here" }, Now);
        }
        (await ResticAsync("check", "--read-data")).Succeeded();
        Assert.Equal(Content, (await ResticAsync("dump", "latest", "/ours")).Succeeded().OutputBytes);
        (await ResticAsync("backup", folder["noise"])).Succeeded();
        await repository.RefreshAsync(Now);
        var theirs = await repository.FindSnapshotAsync("latest", Now);
        var report = await repository.RestoreAsync(theirs, folder["noise"], folder["back"], new RestoreOptions(), Now);
        Assert.Empty(report.Failures);
        var restored = Assert.Single(Directory.GetFiles(folder["back"], "*", SearchOption.AllDirectories));
        Assert.Equal(Content, await File.ReadAllBytesAsync(restored, Now));
        Assert.True((await repository.CheckAsync(new CheckOptions { ReadData = ReadSubset.All }, Now)).IsClean);
    }

    [Fact]
    public async Task A_lock_of_a_dead_writer_ages_by_the_clock_of_the_store()
    {
        var backend = await CreatedAsync();
        await backend.SaveAsync(FileKind.Lock, Name, Content, Now);
        var files = new List<StoredFile>();
        await foreach (var file in backend.ListAsync(FileKind.Lock, Now)) files.Add(file);
        var age = await backend.NowAsync(Now) - Assert.Single(files).Modified;
        Assert.InRange(age!.Value, TimeSpan.FromSeconds(-2), Eventually.Deadline);
    }

    [Fact]
    public async Task Of_many_who_make_a_repository_at_once_one_stores_its_config()
    {
        var backend = await CreatedAsync();
        var saving = Enumerable.Range(0, 8).Select(SaveAsync).ToList();
        await Assert.ThrowsAnyAsync<ResticException>(() => Task.WhenAll(saving));
        var first = saving.FindIndex(task => task.IsCompletedSuccessfully);
        Assert.Equal(7, saving.Count(IsSecond));
        Assert.Equal([(byte)first], await backend.ReadWholeAsync(FileKind.Config, "", 1, Now));

        Task SaveAsync(int one) => backend.SaveAsync(FileKind.Config, "", new[] { (byte)one }, Now).AsTask();

        bool IsSecond(Task task) =>
            task.Exception?.InnerException is ResticException { Error: ResticError.AlreadyThere };
    }

    private static string Error(string code, string more = "") =>
        $"<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>A sentence.</Message>{more}</Error>";

    private static Func<Task>[] Calls(S3Backend backend) =>
    [
        () => ReadAsync(backend),
        () => NamesAsync(backend),
        () => backend.SizeAsync(FileKind.Pack, Name, Now).AsTask(),
        () => backend.SaveAsync(FileKind.Pack, Name, Content, Now).AsTask(),
        () => backend.RemoveAsync(FileKind.Pack, Name, Now).AsTask(),
    ];

    private S3Backend Through(int port, RestOptions transport) => new(
        S3Location.Parse(_location.Replace($":{_store.Port}/", $":{port}/", StringComparison.Ordinal)),
        With(ObjectStore.AccessKey, ObjectStore.SecretKey, transport));

    private static S3Options With(string access, string secret, RestOptions? transport = null) => new()
    {
        Keys = _ => new ValueTask<S3Keys>(new S3Keys(access, secret)), Transport = transport ?? Quick,
    };

    private Task<CommandResult> ResticAsync(params string[] arguments)
    {
        var environs = ObjectStore.Variables;
        (environs["RESTIC_REPOSITORY"], environs["RESTIC_PASSWORD"]) = (_location, Secret);
        return Command.RunAsync(ResticBinary.Find().Path, ["--no-cache", .. arguments], environs);
    }

    private async Task<S3Backend> CreatedAsync()
    {
        var backend = new S3Backend(S3Location.Parse(_location), Ours);
        await backend.CreateAsync(Now);
        return backend;
    }

    private static async Task<byte[]> ReadAsync(S3Backend backend)
    {
        var bytes = new byte[Content.Length];
        await backend.ReadAsync(FileKind.Pack, Name, 0, bytes, Now);
        return bytes;
    }

    private static async Task<List<string>> NamesAsync(S3Backend backend)
    {
        var names = new List<string>();
        await foreach (var file in backend.ListAsync(FileKind.Pack, Now)) names.Add(file.Name);
        return names;
    }

    private static async Task<ResticException> FailsAsync(ResticError error, Task call)
    {
        var failure = await Assert.ThrowsAsync<ResticException>(() => call);
        Assert.Equal(error, failure.Error);
        return failure;
    }

    private sealed class ShiftedClock(TimeSpan shift) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + shift;
    }
}
