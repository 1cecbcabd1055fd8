using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Snapshots;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Web;
using Holdfast.Testing;
using Holdfast.Tests.Web;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>The directory of a restore lies in one of the engine's user, who can put anything in its place.</summary>
public sealed class SearchUndosTests
{
    private const uint Nobody = 65534;

    [Fact]
    public async Task The_directory_of_a_restore_is_removed_and_another_one_in_its_place_is_left_alone()
    {
        Require.Root();
        using var folder = new TempFolder();
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_101_101);
        var theirs = folder.Folder("theirs");
        (await Command.RunAsync("chown", [$"{Nobody}:{Nobody}", theirs])).Succeeded();
        await using var engine = Answering.Begin(async stream => await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"u8.ToArray()));
        var path = $"{theirs}/{SearchRestore.Beside}-01";
        using var tree = PrivateTree.Make(path, Catalogue.SearchRestore);
        await File.WriteAllTextAsync($"{tree.Opened}/index-0", "{}", TestContext.Current.CancellationToken);
        tree.Give((Nobody, Nobody));
        var undos = Undos(engine.Url);
        var undo = undos.TakeAway("copy", path, FileFacts.Of(tree.Handle));

        Directory.Move(path, $"{theirs}/away");
        Directory.CreateDirectory(path);
        await File.WriteAllTextAsync($"{path}/kept", "", TestContext.Current.CancellationToken);
        foreach (var owed in new[] { undo, undos.TakeAway("copy", path) })
            Assert.Equal("HF-UNDO-LOST", (await Assert.ThrowsAsync<ProblemException>(() => UndoAsync(undos, owed))).Problem.Code);
        Assert.True(File.Exists($"{path}/kept"));

        Directory.Delete(path, recursive: true);
        Directory.CreateSymbolicLink(path, folder.Folder("victim"));
        await Assert.ThrowsAsync<ProblemException>(() => UndoAsync(undos, undo));
        File.Delete(path);
        Directory.Move($"{theirs}/away", path);
        await UndoAsync(undos, undo);
        Assert.False(Path.Exists(path));
        await UndoAsync(undos, undo);
        await Assert.ThrowsAsync<InvalidDataException>(() => UndoAsync(undos, undos.TakeAway("copy", theirs)));
    }

    private static Task UndoAsync(SearchUndos undos, Undo undo) =>
        undos.Handlers.First(handler => handler.Kind == undo.Kind).UndoAsync(undo, TestContext.Current.CancellationToken);

    private static SearchUndos Undos(string url)
    {
        var profile = ProfileReader.Parse($$"""{ platform: x, components: { search: [ { name: main, url: "{{url}}" } ] } }""", "/etc/holdfast/profile.yaml");
        var node = profile.Root["components"]["search"].Items[0];
        return new SearchUndos(SearchSettings.Read(node), new SearchServer(new WebServer(WebSettings.Read(node), new FixedSecret(""))), TimeProvider.System);
    }
}
