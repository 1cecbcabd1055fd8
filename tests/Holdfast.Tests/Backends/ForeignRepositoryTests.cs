using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Backends;

/// <summary>A local repository in a directory of another user, who can put links in the place of everything in it.</summary>
public sealed class ForeignRepositoryTests : BackendContract, IDisposable
{
    private const int Nobody = 65534;
    private static readonly byte[] Content = [1, 2, 3];
    private static readonly string Name = Id.Hash(Content).ToString();
    private readonly TempFolder _folder = new();

    public ForeignRepositoryTests()
    {
        Directory.CreateDirectory(_folder["theirs"]);
        if (!Environment.IsPrivilegedProcess) return;
        using var chown = System.Diagnostics.Process.Start("chown", [$"{Nobody}", _folder["theirs"]]);
        chown.WaitForExit();
    }

    protected override IBackend Empty => new LocalBackend(Path);

    private string Path => _folder["theirs/repository"];

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("locks", FileKind.Lock)]
    [InlineData("snapshots", FileKind.Snapshot)]
    [InlineData("index", FileKind.Index)]
    [InlineData("keys", FileKind.Key)]
    [InlineData("data", FileKind.Pack)]
    [InlineData("data/PACK", FileKind.Pack)]
    public async Task A_link_in_the_place_of_a_folder_is_not_followed(string folder, FileKind kind)
    {
        Require.Root();
        var other = new LocalBackend(_folder["other"]);
        await other.CreateAsync(Now);
        await other.SaveAsync(kind, Name, Content, Now);
        await new LocalBackend(Path).CreateAsync(Now);
        folder = folder.Replace("PACK", Name[..2], StringComparison.Ordinal);
        Directory.Delete($"{Path}/{folder}", recursive: true);
        Directory.CreateSymbolicLink($"{Path}/{folder}", _folder[$"other/{folder}"]);
        var backend = new LocalBackend(Path);
        Func<Task>[] uses =
        [
            async () => { await foreach (var file in backend.ListAsync(kind, Now)) Assert.Fail($"{file.Name} of another repository was listed."); },
            async () => await backend.ReadAsync(kind, Name, 0, new byte[1], Now),
            async () => await backend.SaveAsync(kind, Name, Content, Now),
            async () => await backend.RemoveAsync(kind, Name, Now),
            async () => await backend.RemoveLeftoversAsync(TimeSpan.Zero, Now),
        ];
        for (var use = 0; use < uses.Length; use++)
        {
            var refused = await Record.ExceptionAsync(uses[use]);
            Assert.True(refused is ResticException { Error: ResticError.ForeignLink } && refused.Message.Contains("symbolic link", StringComparison.Ordinal), $"use {use}: {refused}");
        }
        Assert.Equal([Name], Directory.GetFiles(_folder["other"], "*", SearchOption.AllDirectories).Select(file => System.IO.Path.GetFileName(file)));
    }

    [Fact]
    public async Task A_link_that_is_put_in_the_place_of_a_folder_in_use_leads_nowhere()
    {
        Require.Root();
        var backend = new LocalBackend(Path);
        await backend.CreateAsync(Now);
        await backend.SaveAsync(FileKind.Lock, Name, Content, Now);
        Directory.Move($"{Path}/locks", $"{Path}/away");
        Directory.CreateSymbolicLink($"{Path}/locks", _folder.Folder("victim"));
        await backend.SaveAsync(FileKind.Lock, Id.Hash([4]).ToString(), new byte[] { 4 }, Now);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["victim"]));
        Assert.Equal(2, Directory.GetFiles($"{Path}/away").Length);
    }

    [Fact]
    public async Task A_link_in_the_place_of_a_file_is_not_read()
    {
        Require.Root();
        var backend = new LocalBackend(Path);
        await backend.CreateAsync(Now);
        File.CreateSymbolicLink($"{Path}/snapshots/{Name}", _folder.Write("secret", "geheim"));
        var refused = await Assert.ThrowsAsync<ResticException>(async () => await backend.ReadAsync(FileKind.Snapshot, Name, 0, new byte[6], Now));
        Assert.Contains("symbolic link", refused.Message, StringComparison.Ordinal);
        Assert.Equal("HF-PATH-UNSAFE", refused.ToProblem().Code); // its hint names chown and chmod, not the disk
        await backend.RemoveAsync(FileKind.Snapshot, Name, Now);
        Assert.True(File.Exists(_folder["secret"]));
    }

    [Fact]
    public async Task Links_that_root_alone_can_have_made_are_followed()
    {
        var backend = new LocalBackend(_folder["real"]);
        await backend.CreateAsync(Now);
        Directory.Move(_folder["real/data"], _folder["disk"]);
        Directory.CreateSymbolicLink(_folder["real/data"], _folder["disk"]);
        Directory.CreateSymbolicLink(_folder["link"], "real");
        await new LocalBackend(_folder["link"]).SaveAsync(FileKind.Pack, Name, Content, Now);
        Assert.True(File.Exists(_folder[$"disk/{Name[..2]}/{Name}"]));
    }

    [Fact]
    public async Task A_folder_that_was_removed_is_made_again()
    {
        var backend = new LocalBackend(Path);
        await backend.CreateAsync(Now);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        Directory.Delete($"{Path}/data", recursive: true);
        await backend.SaveAsync(FileKind.Pack, Name, Content, Now);
        Assert.True(File.Exists($"{Path}/data/{Name[..2]}/{Name}"));
    }
}
