using Holdfast.Restic.Posix;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.Snapshots;
using Xunit;

namespace Holdfast.Tests.Restoring;

public sealed class FolderMakerTests
{
    [Theory]
    [InlineData(true, "usr/lib", NodeType.Symlink)]
    [InlineData(true, "nowhere", NodeType.Directory)]
    [InlineData(true, "file", NodeType.Directory)]
    [InlineData(false, "usr/lib", NodeType.Directory)]
    public async Task A_symlink_to_a_folder_stays_only_where_nothing_is_outside(bool restoresRoot, string leadsTo, NodeType stands)
    {
        await using var archived = await Archived.MakeAsync(_ => { });
        Directory.CreateDirectory(archived.Target + "/usr/lib");
        File.WriteAllText(archived.Target + "/file", "");
        LinkCalls.MakeSymlink(archived.Target + "/lib", leadsTo);
        using var context = new RestoreContext(archived.Repository, await archived.Repository.LoadIndexAsync(TestContext.Current.CancellationToken), new RestoreOptions());
        var top = new RestoreFolder(archived.Target, null, null, isWanted: true) { IsReady = true };
        var opened = RestoreTarget.Open(archived.Target, new RestoreOptions())!.Value;
        context.Folders.Add(top, opened.Folder);
        top.IsTrusted = opened.IsTrusted;
        var lib = new RestoreFolder(archived.Target + "/lib", new Node { Name = "lib", Type = NodeType.Directory, Mode = 0x1ED }, top, isWanted: true);
        Assert.True(new FolderMaker(context, restoresRoot).Ensure(lib));
        Assert.Equal(stands, FileStatus.Of(archived.Target + "/lib").Type);
        Assert.Equal(stands == NodeType.Symlink ? null : archived.Target + "/.lib.holdfast-aside~", lib.Aside);
    }
}
