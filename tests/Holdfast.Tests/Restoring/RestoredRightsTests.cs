using Holdfast.Engine.Hosts;
using Holdfast.Restic.Posix;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Restoring;

/// <summary>Owners, modes, ACLs and attributes: exactly those of the recovery point, and none that give rights where none were asked for.</summary>
public sealed class RestoredRightsTests
{
    private const string Acl = "system.posix_acl_access", DefaultAcl = "system.posix_acl_default";

    // Version 2; user::rwx, user:65534:r-x, group::r-x, mask::rwx, other::---. Source: linux/posix_acl_xattr.h.
    private static readonly byte[] NobodyReads = Convert.FromHexString("02000000" + "01000700ffffffff" + "02000500feff0000" + "04000500ffffffff" + "10000700ffffffff" + "20000000ffffffff");

    [Fact]
    public async Task Nothing_of_a_default_ACL_or_of_later_attributes_stays()
    {
        await using var archived = await Archived.MakeAsync(folder =>
        {
            Directory.CreateDirectory(folder + "sub");
            File.WriteAllText(folder + "sub/key", "key");
            File.SetUnixFileMode(folder + "sub/key", (UnixFileMode)0x1A0); // 0640
        });
        Directory.CreateDirectory(archived.Target);
        SetOrSkip(archived.Target, DefaultAcl, NobodyReads);
        await archived.RestoreAsync();
        Assert.Empty(await archived.DifferencesAsync());

        foreach (var name in new[] { "/sub", "/sub/key" }) AttributeCalls.Set(archived.Target + name, Acl, NobodyReads);
        AttributeCalls.Set(archived.Target + "/sub/key", "user.later", [1]);
        await archived.RestoreAsync();
        Assert.Empty(await archived.DifferencesAsync());
        Assert.Empty(AttributeCalls.List(archived.Target + "/sub/key"));
        var again = await archived.RestoreAsync();
        Assert.Equal(again.Files + again.Directories, again.Kept);
    }

    [Fact]
    public async Task Plain_modes_leave_out_what_gives_rights_and_a_second_restore_finds_nothing_to_do()
    {
        Require.Root();
        await using var archived = await Archived.MakeAsync(folder =>
        {
            File.WriteAllText(folder + "suid", "s");
            MetadataCalls.SetPermissions(folder + "suid", 0x9ED); // 04755
            File.WriteAllText(folder + "capable", "c");
            AttributeCalls.Set(folder + "capable", "security.capability", Convert.FromHexString("0100000200200000000000000000000000000000"));
            EntryCalls.MakeNode(folder + "null", 0x21B6, 259); // the same as /dev/null
            File.WriteAllText(folder + "plain", "p");
        });
        var report = await archived.RestoreAsync(new RestoreOptions { PlainModes = true });
        Assert.Equal((3, 1, 2, 0), (report.Files, report.LeftOut, report.Reduced, report.Failures.Count));
        Assert.Equal(0x1EDu, FileStatus.Of(archived.Target + "/suid").Mode & 0xFFF);
        Assert.Empty(AttributeCalls.List(archived.Target + "/capable"));
        Assert.False(FileStatus.TryFind(archived.Target + "/null", out _));
        var again = await archived.RestoreAsync(new RestoreOptions { PlainModes = true });
        Assert.Equal(again.Files, again.Kept);
        Assert.Empty((await archived.RestoreAsync()).Failures);
        Assert.Empty(await archived.DifferencesAsync());
    }

    [Theory]
    [InlineData("security.selinux")]
    [InlineData("security.ima")]
    [InlineData("trusted.of.root")]
    [InlineData("system.posix_acl_access")]
    [InlineData("system.posix_acl_default")]
    [InlineData("system.nfs4_acl")]
    public async Task Plain_modes_leave_out_every_attribute_but_those_of_users_and_say_of_how_many_entries(string name)
    {
        await using var archived = await Archived.MakeAsync(_ => { });
        ExtendedAttribute given = new(name, NobodyReads), kept = new("user.kept", new byte[] { 1 });
        var below = await Forgery.SaveTreeAsync(archived.Repository, []);
        await archived.ForgeAsync(content => [Forgery.File("f", content) with { ExtendedAttributes = [given, kept] }, Forgery.Folder("g", below) with { ExtendedAttributes = [kept, given] }, Forgery.File("h", content) with { ExtendedAttributes = [kept] }]);
        var report = await archived.RestoreAsync(new RestoreOptions { PlainModes = true });
        Assert.Equal((2, 2, 0), (report.Files, report.Reduced, report.Failures.Count));
        foreach (var entry in new[] { "/f", "/g", "/h" }) Assert.Equal(["user.kept"], AttributeCalls.List(archived.Target + entry));
        var again = await archived.RestoreAsync(new RestoreOptions { PlainModes = true });
        Assert.Equal(again.Files + again.Directories, again.Kept);
    }

    [Fact]
    public async Task All_attributes_come_back_where_they_are_asked_for()
    {
        Require.Root();
        await using var archived = await Archived.MakeAsync(folder =>
        {
            File.WriteAllText(folder + "f", "f");
            SetOrSkip(folder + "f", Acl, NobodyReads);
            foreach (var name in new[] { "trusted.of.root", "security.selinux", "user.kept" }) AttributeCalls.Set(folder + "f", name, "any_u:any_r:any_t"u8);
        });
        Assert.Equal(0, (await archived.RestoreAsync()).Reduced);
        Assert.Equal(["security.selinux", Acl, "trusted.of.root", "user.kept"], AttributeCalls.List(archived.Target + "/f").Order(StringComparer.Ordinal));
        Assert.Equal(1, (await archived.RestoreAsync(new RestoreOptions { PlainModes = true })).Reduced);
        Assert.DoesNotContain(AttributeCalls.List(archived.Target + "/f"), name => name is Acl or "trusted.of.root");
    }

    [Fact]
    public async Task A_file_without_its_ACL_gives_its_group_no_more_than_the_ACL_did()
    {
        await using var archived = await Archived.MakeAsync(folder =>
        {
            File.WriteAllText(folder + "f", "f");
            SetOrSkip(folder + "f", Acl, NobodyReads);
        });
        Assert.Equal(0x1F8u, FileStatus.Of(archived.Source + "/f").Mode & 0xFFF); // rwxrwx---: the mask, though the group has r-x
        await archived.RestoreAsync(new RestoreOptions { PlainModes = true });
        Assert.Equal(0x1E8u, FileStatus.Of(archived.Target + "/f").Mode & 0xFFF);
    }

    [Fact]
    public void Owners_go_by_name_and_where_there_is_none_by_number()
    {
        var node = new Node { Name = "f", Type = NodeType.File, Uid = 4711, Gid = 4712, User = "root", Group = "no such group" };
        Assert.Equal((0u, 4712u), (new OwnerMap(new RestoreOptions()).User(node), new OwnerMap(new RestoreOptions()).Group(node)));
        Assert.Equal((4711u, 4712u), (new OwnerMap(new RestoreOptions { NumericOwner = true }).User(node), new OwnerMap(new RestoreOptions { NumericOwner = true }).Group(node)));
        Assert.Equal(4711u, new OwnerMap(new RestoreOptions()).User(node with { User = "" }));
        var one = new OwnerMap(new RestoreOptions { Owner = (7, 8) });
        Assert.Equal((7u, 8u), (one.User(node), one.Group(node)));
    }

    [Fact]
    public async Task Files_are_given_to_who_has_the_name_here()
    {
        Require.Root();
        await using var archived = await Archived.MakeAsync(_ => { });
        await archived.ForgeAsync(content => [Forgery.File("f", content) with { User = "nobody", Uid = 4711 }, Forgery.File("g", content) with { User = "no such user", Uid = 4711 }]);
        await archived.RestoreAsync();
        Assert.Equal((65534u, 4711u), (FileStatus.Of(archived.Target + "/f").Uid, FileStatus.Of(archived.Target + "/g").Uid));
        await archived.RestoreAsync(new RestoreOptions { NumericOwner = true });
        Assert.Equal(4711u, FileStatus.Of(archived.Target + "/f").Uid);
    }

    [Fact]
    public async Task An_open_folder_is_restored_into_whatever_its_name_leads_to_by_now_and_all_in_it_has_one_owner()
    {
        Require.Root();
        await using var archived = await Archived.MakeAsync(folder =>
        {
            Directory.CreateDirectory(folder + "inner");
            File.WriteAllText(folder + "inner/f", "f");
        });
        Directory.CreateDirectory(archived.Target);
        using var into = PrivateTree.Open(archived.Target);
        var (away, victim) = (archived.Target + ".away", archived.Target + ".victim");
        Directory.Move(archived.Target, away);
        Directory.CreateDirectory(victim);
        Directory.CreateSymbolicLink(archived.Target, victim);
        await archived.RestoreAsync(new RestoreOptions { Into = into, Owner = (65534, 65533) });
        Assert.Empty(Directory.GetFileSystemEntries(victim));
        foreach (var path in new[] { "/inner", "/inner/f" })
            Assert.Equal((65534u, 65533u), (FileStatus.Of(away + path).Uid, FileStatus.Of(away + path).Gid));
        Assert.Equal(0u, FileStatus.Of(away).Uid); // the caller's
    }

    private static void SetOrSkip(string path, string name, byte[] value)
    {
        try
        {
            AttributeCalls.Set(path, name, value);
        }
        catch (PosixException error) when (error.Errno == Errno.EOPNOTSUPP)
        {
            Require.That(false, "The file system of temporary folders has no ACLs.");
        }
    }
}
