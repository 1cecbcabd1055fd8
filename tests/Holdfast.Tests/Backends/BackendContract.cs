using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Xunit;

namespace Holdfast.Tests.Backends;

/// <summary>What <see cref="IBackend"/> promises, as a suite that every implementation must pass.</summary>
public abstract class BackendContract
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 100_000).Select(index => (byte)(index * 7))];
    private static readonly string Name = Id.Hash(Content).ToString();

    /// <summary>A place where nothing was made yet.</summary>
    protected abstract IBackend Empty { get; }

    /// <summary>False where nobody can tell a place that was never made from an empty one, as with rclone and object stores.</summary>
    protected virtual bool KnowsPlaces => true;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public static TheoryData<FileKind> NamedKinds { get; } = [FileKind.Key, FileKind.Lock, FileKind.Snapshot, FileKind.Index, FileKind.Pack];

    [Theory]
    [MemberData(nameof(NamedKinds))]
    public async Task What_is_saved_can_be_listed_sized_and_read(FileKind kind)
    {
        var backend = await CreatedAsync();
        await backend.SaveAsync(kind, Name, Content, Now);
        Assert.Equal([new StoredFile(Name, Content.Length)], await ListAsync(backend, kind));
        Assert.Equal(Content.Length, await backend.SizeAsync(kind, Name, Now));
        Assert.Equal(Content, await ReadAsync(backend, kind, Name, 0, Content.Length));
        Assert.Equal(Content[70_000..70_010], await ReadAsync(backend, kind, Name, 70_000, 10));
    }

    [Theory]
    [MemberData(nameof(NamedKinds))]
    public async Task A_file_is_read_whole_unless_it_is_larger_than_any_of_its_kind(FileKind kind)
    {
        var backend = await CreatedAsync();
        await backend.SaveAsync(kind, Name, Content, Now);
        Assert.Equal(Content, await backend.ReadWholeAsync(kind, Name, Content.Length, Now));
        var failure = await FailsAsync(ResticError.Damaged, () => backend.ReadWholeAsync(kind, Name, Content.Length - 1, Now).AsTask());
        Assert.Contains(Name, failure.Message, StringComparison.Ordinal);
        await backend.RemoveAsync(kind, Name, Now);
        await FailsAsync(ResticError.NotFound, () => backend.ReadWholeAsync(kind, Name, Content.Length, Now).AsTask());
    }

    [Fact]
    public async Task Kinds_do_not_see_each_others_files()
    {
        var backend = await CreatedAsync();
        await backend.SaveAsync(FileKind.Lock, Name, Content, Now);
        Assert.Empty(await ListAsync(backend, FileKind.Snapshot));
        await FailsAsync(ResticError.NotFound, () => backend.SizeAsync(FileKind.Snapshot, Name, Now).AsTask());
    }

    [Fact]
    public async Task The_config_is_a_file_without_a_name()
    {
        var backend = await CreatedAsync();
        await backend.SaveAsync(FileKind.Config, "", Content, Now);
        Assert.Equal(Content, await ReadAsync(backend, FileKind.Config, "", 0, Content.Length));
        Assert.Equal([new StoredFile("", Content.Length)], await ListAsync(backend, FileKind.Config));
    }

    [Fact]
    public async Task A_config_is_never_replaced_by_another_one()
    {
        var backend = await CreatedAsync();
        await backend.SaveAsync(FileKind.Config, "", Content, Now);
        await backend.SaveAsync(FileKind.Config, "", Content, Now);
        await FailsAsync(ResticError.AlreadyThere, () => backend.SaveAsync(FileKind.Config, "", new byte[] { 1 }, Now).AsTask());
        Assert.Equal(Content, await ReadAsync(backend, FileKind.Config, "", 0, Content.Length));
    }

    [Fact]
    public async Task Saving_again_and_creating_again_change_nothing()
    {
        var backend = await CreatedAsync();
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        await backend.CreateAsync(Now);
        Assert.Equal([new StoredFile(Name, Content.Length)], await ListAsync(backend, FileKind.Pack));
    }

    [Fact]
    public async Task Removing_is_done_once_and_asked_twice()
    {
        var backend = await CreatedAsync();
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        await backend.RemoveAsync(FileKind.Pack, Name, Now);
        await backend.RemoveAsync(FileKind.Pack, Name, Now);
        Assert.Empty(await ListAsync(backend, FileKind.Pack));
    }

    [Fact]
    public async Task Reading_past_the_end_tells_that_the_file_is_truncated()
    {
        var backend = await CreatedAsync();
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        var failure = await FailsAsync(ResticError.Damaged, () => ReadAsync(backend, FileKind.Pack, Name, Content.Length - 5, 6));
        Assert.Contains(Name, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        var backend = await CreatedAsync();
        var failure = await FailsAsync(ResticError.NotFound, () => ReadAsync(backend, FileKind.Pack, Name, 0, 1));
        Assert.Contains(Name, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Listing_a_place_that_does_not_exist_is_an_error()
    {
        if (KnowsPlaces) await FailsAsync(ResticError.NotFound, () => ListAsync(Empty, FileKind.Key));
        else Assert.Empty(await ListAsync(Empty, FileKind.Key));
    }

    [Fact]
    public async Task Many_callers_at_once_do_not_disturb_each_other()
    {
        var backend = await CreatedAsync();
        byte[][] contents = [.. Enumerable.Range(0, 50).Select(seed => Enumerable.Repeat((byte)seed, 1000 + seed).ToArray())];
        await Parallel.ForEachAsync(contents, Now, async (content, cancellation) =>
            await backend.SaveAsync(FileKind.Pack, Id.Hash(content).ToString(), content, cancellation));
        await Parallel.ForEachAsync(contents, Now, async (content, cancellation) =>
            Assert.Equal(content, await ReadAsync(backend, FileKind.Pack, Id.Hash(content).ToString(), 0, content.Length)));
        Assert.Equal(50, (await ListAsync(backend, FileKind.Pack)).Count);
    }

    protected async Task<IBackend> CreatedAsync()
    {
        var backend = Empty;
        await backend.CreateAsync(Now);
        return backend;
    }

    protected static async Task<List<StoredFile>> ListAsync(IBackend backend, FileKind kind)
    {
        var files = new List<StoredFile>();
        await foreach (var file in backend.ListAsync(kind, Now)) files.Add(file with { Modified = null });
        return files;
    }

    protected static async Task<byte[]> ReadAsync(IBackend backend, FileKind kind, string name, long offset, int length)
    {
        var bytes = new byte[length];
        await backend.ReadAsync(kind, name, offset, bytes, Now);
        return bytes;
    }

    protected static async Task<ResticException> FailsAsync(ResticError error, Func<Task> action)
    {
        var failure = await Assert.ThrowsAsync<ResticException>(action);
        Assert.Equal(error, failure.Error);
        return failure;
    }
}
