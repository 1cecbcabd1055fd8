using Holdfast.Restic;
using Holdfast.Restic.Backends;
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
