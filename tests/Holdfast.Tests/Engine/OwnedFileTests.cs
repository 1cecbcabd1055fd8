using System.Text;
using Holdfast.Engine.Hosts;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class OwnedFileTests
{
    [Fact]
    public void What_is_not_there_is_told_from_what_may_not_be_opened()
    {
        using var folder = new TempFolder();
        Assert.Throws<FileNotFoundException>(() => OwnedFile.Open(folder["gone"]));
        File.CreateSymbolicLink(folder["link"], "/etc/passwd");
        Assert.Throws<IOException>(() => OwnedFile.Open(folder["link"]));
    }

    [Fact]
    public async Task A_FIFO_a_device_and_a_folder_are_refused_at_once()
    {
        using var folder = new TempFolder();
        (await Command.RunAsync("mkfifo", [folder["fifo"]])).Succeeded();
        File.CreateSymbolicLink(folder["zero"], "/dev/zero");
        foreach (var path in new[] { folder["fifo"], folder["zero"], folder.Path })
            Assert.Contains("not a regular file", Assert.Throws<IOException>(() => OwnedFile.ReadBytes(path, 1 << 20, followLinks: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_read_to_its_end_up_to_the_limit_also_where_it_has_no_size()
    {
        using var folder = new TempFolder();
        Assert.Equal("abc", OwnedFile.ReadText(folder.Write("small", "abc"), 3));
        Assert.Contains("larger than 2 bytes", Assert.Throws<IOException>(() => OwnedFile.ReadText(folder["small"], 2)).Message, StringComparison.Ordinal);
        var large = new string('x', 200_000);
        Assert.Equal(large, OwnedFile.ReadText(folder.Write("large", large), 200_000));
        Assert.Contains("btime ", OwnedFile.ReadText("/proc/stat", 1 << 20), StringComparison.Ordinal);
        Assert.Equal("", Encoding.UTF8.GetString(OwnedFile.ReadBytes(folder.Write("empty", ""), 1)));
    }

    [Fact]
    public void A_rename_takes_no_way_through_a_link_that_another_user_made()
    {
        Require.Root();
        using var folder = new TempFolder();
        folder.Write("victim/x.pid", "1");
        var own = folder.Folder("own");
        File.CreateSymbolicLink(folder["own/run"], folder["victim"]);
        Assert.Equal(folder["victim/x.pid.aside"], OwnedFile.Rename(folder["own/run/x.pid"], "x.pid.aside")); // root made the link
        Give(own);
        Assert.Throws<IOException>(() => OwnedFile.Rename(folder["own/run/x.pid.aside"], "x.pid"));
        folder.Write("own/y.pid", "1");
        Assert.Equal(folder["own/y.pid.aside"], OwnedFile.Rename(folder["own/y.pid"], "y.pid.aside"));
        folder.Write("own/y.pid", "2");
        Assert.Throws<IOException>(() => OwnedFile.Rename(folder["own/y.pid"], "y.pid.aside")); // nothing is replaced
    }

    internal static void Give(string path)
    {
        using var chown = Command.Start("chown", ["-h", "nobody", path]);
        chown.WaitForExit();
        Assert.Equal(0, chown.ExitCode);
    }
}
