using System.Diagnostics;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Serving;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

/// <summary>Root in folders of other users: it can do there what they can, and nothing more.</summary>
public sealed class ActingUserTests
{
    private const uint Nobody = 65534;

    [Fact]
    public void A_thread_that_acts_as_another_user_is_refused_what_that_user_is_refused_and_is_root_afterwards()
    {
        Require.Root();
        using var folder = new TempFolder();
        folder.Write("secret", "root only");
        File.SetUnixFileMode(folder["secret"], UnixFileMode.UserRead);
        Open(folder.Path);
        using (ActingUser.As((Nobody, Nobody)))
        {
            Assert.Throws<UnauthorizedAccessException>(() => File.ReadAllText(folder["secret"]));
            Assert.Throws<UnauthorizedAccessException>(() => File.WriteAllText(folder["new"], ""));
        }
        Assert.Equal("root only", File.ReadAllText(folder["secret"]));
    }

    [Fact]
    public void A_link_is_followed_only_where_root_alone_could_have_made_it()
    {
        Require.Root();
        using var folder = new TempFolder();
        Open(folder.Path);
        var (theirs, real) = (folder.Folder("theirs"), folder.Folder("real"));
        Directory.CreateSymbolicLink(folder["by-root"], real);
        Assert.Null(TrustedPath.Keeper(folder["by-root/below/further"]));
        Directory.CreateSymbolicLink($"{theirs}/link", real);
        Own(theirs);
        Assert.Equal((Nobody, Nobody), TrustedPath.Keeper($"{theirs}/entry"));
        var refused = Assert.Throws<IOException>(() => TrustedPath.Keeper($"{theirs}/link/entry"));
        Assert.Contains($"{theirs}/link is a link", refused.Message, StringComparison.Ordinal);
        File.SetUnixFileMode(real, (UnixFileMode)0b111_111_111);
        Assert.Throws<IOException>(() => TrustedPath.Keeper($"{real}/entry"));
    }

    [Fact]
    public void A_socket_in_a_folder_of_its_owner_is_made_as_that_owner_and_in_one_of_a_third_user_not_at_all()
    {
        Require.Root();
        using var folder = new TempFolder();
        Open(folder.Path);
        var theirs = folder.Folder("theirs");
        Own(theirs);
        using (ServeSocket.Listen($"{theirs}/serve.sock", (Nobody, Nobody)))
        {
            Assert.Equal(Nobody, FileFacts.Of($"{theirs}/serve.sock").User);
            Assert.Equal(0u, FileFacts.Of($"{theirs}/serve.sock").Mode & 0x3F);
        }
        using (ServeSocket.Listen(folder["serve.sock"], (Nobody, Nobody))) Assert.Equal(Nobody, FileFacts.Of(folder["serve.sock"]).User);
        Assert.Equal("HF-SERVE-SOCKET", Assert.Throws<ProblemException>(() => ServeSocket.Listen($"{theirs}/other.sock", (1, 1))).Problem.Code);
    }

    private static void Open(string path) => File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);

    private static void Own(string path)
    {
        using var chown = Process.Start("chown", ["-hR", $"{Nobody}:{Nobody}", path]);
        chown.WaitForExit();
    }
}
