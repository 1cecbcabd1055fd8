using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Backends;

public sealed class LocalBackendTests : BackendContract, IDisposable
{
    private static readonly byte[] Content = [1, 2, 3];
    private static readonly string Name = Id.Hash(Content).ToString();
    private readonly TempFolder _folder = new();

    protected override IBackend Empty => new LocalBackend(_folder["repository"]);

    private string Pack => _folder[$"repository/data/{Name[..2]}/{Name}"];

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_layout_and_the_modes_are_restics()
    {
        var backend = await CreatedAsync();
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        var owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.Equal(["data", "index", "keys", "locks", "snapshots"], Names("repository"), StringComparer.Ordinal);
        Assert.Equal(Enumerable.Range(0, 256).Select(first => $"{first:x2}"), Names("repository/data"), StringComparer.Ordinal);
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(Pack));
        Assert.Equal(owner, File.GetUnixFileMode(_folder["repository/data/ff"]));
        Assert.Equal([Pack], Directory.GetFileSystemEntries(Path.GetDirectoryName(Pack)!));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_added_to_a_repository_that_a_group_shares_can_be_read_by_the_group(bool byRoot)
    {
        const UnixFileMode shared = UnixFileMode.SetGroup | UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;
        if (byRoot) Directory.CreateDirectory(_folder["repository"]);
        if (byRoot) File.SetUnixFileMode(_folder["repository"], shared);
        var backend = await CreatedAsync();
        await backend.SaveAsync(FileKind.Config, "", Content, Now);
        if (!byRoot)
        {
            File.SetUnixFileMode(_folder["repository/config"], UnixFileMode.UserRead | UnixFileMode.GroupRead);
            File.SetUnixFileMode(_folder["repository/data"], shared);
            backend = new LocalBackend(_folder["repository"]);
        }
        Directory.Delete(Path.GetDirectoryName(Pack)!);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.GroupRead, File.GetUnixFileMode(Pack));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.GroupRead, File.GetUnixFileMode(_folder["repository/config"]));
        Assert.Equal(shared, File.GetUnixFileMode(Path.GetDirectoryName(Pack)!));
    }

    [Fact]
    public async Task Leftovers_of_killed_writers_are_removed_when_they_are_old_and_nothing_else_is()
    {
        var backend = await CreatedAsync();
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        foreach (var path in new[] { $"{Pack}-tmp-0123456789", $"{Pack}-tmp-", $"{Pack}-tmp-notes", $"{Pack}.old" })
        {
            await File.WriteAllTextAsync(path, "half", Now);
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-2));
        }
        File.SetLastWriteTimeUtc(Pack, DateTime.UtcNow.AddDays(-2));
        await File.WriteAllTextAsync($"{Pack}-tmp-1111111111", "being written", Now);
        Assert.Equal(1, await backend.RemoveLeftoversAsync(TimeSpan.FromDays(1), Now));
        Assert.False(File.Exists($"{Pack}-tmp-0123456789"));
        Assert.Equal(5, Directory.GetFiles(Path.GetDirectoryName(Pack)!).Length);
        Assert.Empty(Directory.GetFiles(_folder["repository/locks"]));
    }

    [Fact]
    public async Task A_pipe_in_the_place_of_a_file_holds_nobody_up()
    {
        var backend = await CreatedAsync();
        (await Command.RunAsync("mkfifo", [_folder[$"repository/locks/{Name}"]])).Succeeded();
        await FailsAsync(ResticError.Damaged, () => backend.SizeAsync(FileKind.Lock, Name, Now).AsTask());
    }

    [Fact]
    public async Task A_lock_ages_by_the_clock_of_the_place_and_not_by_what_its_writer_says()
    {
        await using var repository = await Repository.InitAsync(new LocalBackend(_folder["repository"]), "password", new InitOptions { KeyDerivation = new KeyDerivation(2, 1, 1) }, cancellation: Now);
        var behind = new LockContent { Time = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow.AddHours(-3)), Exclusive = true, Hostname = "clock-behind", Pid = 1 };
        var id = await new LockStore(repository).SaveAsync(behind, Now);
        Assert.Empty(await repository.UnlockAsync(all: false, Now));
        File.SetLastWriteTimeUtc(_folder[$"repository/locks/{id}"], DateTime.UtcNow.AddMinutes(-31));
        Assert.Single(await repository.UnlockAsync(all: false, Now));
    }

    [Fact]
    public async Task A_lock_that_can_not_be_read_is_removed_when_it_is_old()
    {
        await using var repository = await Repository.InitAsync(new LocalBackend(_folder["repository"]), "password", new InitOptions { KeyDerivation = new KeyDerivation(2, 1, 1) }, cancellation: Now);
        var path = _folder[$"repository/locks/{Name}"];
        await File.WriteAllTextAsync(path, "", Now);
        await FailsAsync(ResticError.Locked, () => repository.LockAsync(LockKind.Shared, cancellation: Now));
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes(-31));
        await using (await repository.LockAsync(LockKind.Shared, cancellation: Now)) Assert.True(File.Exists(path));
        Assert.Single(await repository.UnlockAsync(all: false, Now));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task Half_written_and_foreign_files_are_not_listed()
    {
        var backend = await CreatedAsync();
        await File.WriteAllTextAsync($"{Pack}-tmp-1234", "half", Now);
        await File.WriteAllTextAsync(_folder[$"repository/data/{Name[..2]}/README"], "foreign", Now);
        await File.WriteAllTextAsync(_folder[$"repository/data/{Name}"], "not in its folder", Now);
        Assert.Empty(await ListAsync(backend, FileKind.Pack));
    }

    [Fact]
    public async Task Folders_that_a_copy_lost_are_empty_and_made_again_when_needed()
    {
        var backend = await CreatedAsync();
        Directory.Delete(_folder["repository/data"], recursive: true);
        Directory.Delete(_folder["repository/locks"]);
        Assert.Empty(await ListAsync(backend, FileKind.Pack));
        Assert.Empty(await ListAsync(backend, FileKind.Lock));
        await backend.RemoveAsync(FileKind.Pack, Name, Now);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        Assert.Single(await ListAsync(backend, FileKind.Pack));
    }

    [Fact]
    public async Task A_save_that_fails_leaves_nothing()
    {
        var backend = await CreatedAsync();
        Directory.CreateDirectory(Pack); // a folder in the place of the file makes the rename fail
        await Assert.ThrowsAsync<ResticException>(() => backend.SaveAsync(FileKind.Pack, Name, Content, Now).AsTask());
        Assert.Equal([Pack], Directory.GetFileSystemEntries(Path.GetDirectoryName(Pack)!));
    }

    [Fact]
    public async Task Saving_over_a_damaged_file_heals_it()
    {
        var backend = await CreatedAsync();
        await File.WriteAllBytesAsync(Pack, [9, 9, 9], Now);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        Assert.Equal(Content, await ReadAsync(backend, FileKind.Pack, Name, 0, 3));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public void An_empty_path_is_refused(string path)
    {
        var failure = Assert.Throws<ResticException>(() => new LocalBackend(path));
        Assert.Equal(ResticError.NoRepository, failure.Error);
    }

    [Fact]
    public async Task A_name_that_is_no_id_never_becomes_a_path()
    {
        var backend = await CreatedAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => backend.RemoveAsync(FileKind.Pack, "../../config", Now).AsTask());
    }

    [Fact]
    public async Task A_file_in_the_place_of_the_repository_is_an_error_that_names_it()
    {
        await File.WriteAllTextAsync(_folder["repository"], "not a folder", Now);
        var failure = await Assert.ThrowsAsync<ResticException>(() => Empty.CreateAsync(Now).AsTask());
        Assert.Contains(_folder["repository"], failure.Message, StringComparison.Ordinal);
        await FailsAsync(ResticError.NotFound, () => ListAsync(Empty, FileKind.Key));
    }

    private IEnumerable<string?> Names(string folder) =>
        Directory.GetFileSystemEntries(_folder[folder]).Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
