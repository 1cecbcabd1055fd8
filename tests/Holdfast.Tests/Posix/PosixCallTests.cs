using System.Text;
using Holdfast.Restic;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Posix;

public sealed class PosixCallTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private string Folder => _temp.Path;

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void The_status_of_a_file_tells_what_was_set()
    {
        var path = Make("f", "hello");
        MetadataCalls.SetPermissions(path, 0xDA4); // 06644
        MetadataCalls.SetTimes(path, new Timestamp(5, 6, 0), new Timestamp(-7, 8, 0));
        var status = FileStatus.Of(path);
        Assert.Equal((NodeType.File, 5ul, 1ul, 0x8DA4u), (status.Type, status.Size, status.Links, status.Mode));
        Assert.Equal((new Timestamp(5, 6, 0), new Timestamp(-7, 8, 0)), (status.AccessTime, status.ModifyTime));
    }

    [Fact]
    public void A_missing_file_is_named_with_its_reason()
    {
        var error = Assert.Throws<PosixException>(() => FileStatus.Of(Folder + "/none"));
        Assert.Equal(Errno.ENOENT, error.Errno);
        Assert.Equal($"cannot stat {Folder}/none: No such file or directory", error.Message);
        Assert.False(FileStatus.TryFind(Folder + "/none", out _));
        Assert.False(FileStatus.TryFind(Make("f", "") + "/below", out _));
    }

    [Fact]
    public void Names_that_are_not_UTF_8_are_listed_opened_and_linked()
    {
        string[] names = ["a\nb", "q\"uote", "\uDCFF\uDCFE", "é", new string('x', 255)];
        foreach (var name in names)
            Make(name, name);
        LinkCalls.MakeSymlink($"{Folder}/s", "to\uDCFF");
        LinkCalls.MakeHardLink($"{Folder}/h", $"{Folder}/\uDCFF\uDCFE");
        Assert.Equal(names.Append("s").Append("h").Order(StringComparer.Ordinal), FolderReader.ReadNames(Folder).Order(StringComparer.Ordinal));
        Assert.Equal("to\uDCFF", LinkCalls.ReadLink($"{Folder}/s"));
        Assert.Equal(2ul, FileStatus.Of($"{Folder}/h").Links);
    }

    [Fact]
    public void A_symlink_is_not_opened()
    {
        LinkCalls.MakeSymlink($"{Folder}/s", Make("f", "secret"));
        Assert.Equal(Errno.ELOOP, Assert.Throws<PosixException>(() => FileCalls.OpenRead($"{Folder}/s")).Errno);
        using var file = FileCalls.OpenRead($"{Folder}/f");
        Assert.Equal("secret", Read(file));
        Assert.Equal(6ul, FileStatus.Of(file, "f").Size);
    }

    [Fact]
    public void A_rename_that_may_not_replace_leaves_both_files()
    {
        var from = Make("from", "1");
        var to = Make("to", "2");
        Assert.False(EntryCalls.TryRenameNew(from, to));
        Assert.True(EntryCalls.TryRenameNew(from, to + ".1"));
        Assert.Equal("2", File.ReadAllText(to));
        Assert.Equal("1", File.ReadAllText(to + ".1"));
    }

    [Fact]
    public void Attributes_are_listed_with_empty_and_large_values()
    {
        var path = Make("f", "");
        try
        {
            AttributeCalls.Set(path, "user.empty", []);
        }
        catch (PosixException error) when (error.Errno == Errno.EOPNOTSUPP)
        {
            Assert.Skip("The file system of the temporary folder has no extended attributes.");
        }
        AttributeCalls.Set(path, "user.large", new byte[3000]);
        Assert.Equal(["user.empty", "user.large"], AttributeCalls.List(path).Order(StringComparer.Ordinal));
        Assert.Empty(AttributeCalls.Get(path, "user.empty")!);
        Assert.Equal(3000, AttributeCalls.Get(path, "user.large")!.Length);
        AttributeCalls.Remove(path, "user.large");
        Assert.Null(AttributeCalls.Get(path, "user.large"));
    }

    [Fact]
    public void A_path_with_a_zero_byte_names_nothing() =>
        Assert.Equal(Errno.EINVAL, Assert.Throws<PosixException>(() => FileStatus.Of("/etc/passwd\0x")).Errno);

    [Fact]
    public void Names_of_accounts_are_those_of_the_system()
    {
        Assert.Equal("root", Accounts.UserName(0));
        Assert.Equal("root", Accounts.GroupName(0));
        Assert.Equal("", Accounts.UserName(3_999_999_999));
    }

    [Fact]
    public void A_node_has_the_fields_that_restic_stores()
    {
        var path = Make("f", "hello");
        MetadataCalls.SetPermissions(path, 0xBED); // 05755: setuid and sticky
        var file = new NodeReader(TimeZoneInfo.Utc).Read(path, "f", FileStatus.Of(path));
        Assert.Equal((NodeType.File, 5ul, 1ul, GoMode.SetUid | GoMode.Sticky | 0x1EDu), (file.Type, file.Size, file.Links, file.Mode));
        Assert.Equal((file.ModifyTime, 0xBEDu, null), (file.AccessTime, NodeMode.ToPermissions(file.Mode), file.Content));
        var folder = new NodeReader(TimeZoneInfo.Utc).Read(Folder, "d", FileStatus.Of(Folder));
        Assert.Equal((NodeType.Directory, 0ul, 0ul, GoMode.Directory | 0x1C0u), (folder.Type, folder.Size, folder.Links, folder.Mode));
    }

    [Fact]
    public void Devices_have_their_number()
    {
        var node = new NodeReader(TimeZoneInfo.Utc).Read("/dev/null", "null", FileStatus.Of("/dev/null"));
        Assert.Equal((NodeType.CharDevice, 0x103ul, GoMode.Device | GoMode.CharDevice | 0x1B6u), (node.Type, node.Device, node.Mode));
    }

    private string Make(string name, string content)
    {
        var path = $"{Folder}/{name}";
        using var file = FileCalls.CreateNew(path);
        RandomAccess.Write(file, Encoding.Unicode.GetBytes(content).Where((_, i) => i % 2 == 0).ToArray(), 0);
        FileCalls.SyncFolder(Folder);
        return path;
    }

    private static string Read(Microsoft.Win32.SafeHandles.SafeFileHandle file)
    {
        var bytes = new byte[100];
        return Encoding.UTF8.GetString(bytes, 0, RandomAccess.Read(file, bytes, 0));
    }
}
