using Holdfast.Engine.Problems;
using Holdfast.Restic.Posix;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

/// <summary>Files that commands write for the caller, as root in a directory of another user: nothing is written through what that user has put there.</summary>
public sealed class OutputPlaceTests : IDisposable
{
    private const uint Nobody = 65534;
    private const string Whole = "as it was";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_manual_replaces_a_link_and_a_second_name_and_writes_through_neither()
    {
        Require.Root();
        var (theirs, victim) = Foreign();
        Directory.CreateDirectory($"{theirs}/man1");
        Link($"{theirs}/man1/holdfast-backup.1", victim);
        using (var hard = Command.Start("ln", [victim, $"{theirs}/man1/holdfast-restore.1"])) hard.WaitForExit();

        using var stage = new Stage();
        Assert.Equal(ExitCode.Success, await stage.RunAsync("man", "--output", theirs));
        Assert.Equal(Whole, File.ReadAllText(victim));
        Assert.Contains("holdfast", File.ReadAllText($"{theirs}/man1/holdfast-backup.1"), StringComparison.Ordinal);
        Assert.Equal((UnixFileMode)0x1A4, File.GetUnixFileMode($"{theirs}/man1/holdfast-restore.1"));
        Assert.DoesNotContain(Directory.GetFiles($"{theirs}/man1"), file => file.EndsWith(".tmp", StringComparison.Ordinal));
        Assert.Equal(ExitCode.Success, await stage.RunAsync("man", "--output", theirs));
    }

    [Fact]
    public async Task The_manual_does_not_follow_a_link_to_a_directory_that_another_user_has_made()
    {
        Require.Root();
        var (theirs, victim) = Foreign();
        Link($"{theirs}/man1", Path.GetDirectoryName(victim)!);
        using var stage = new Stage();
        Assert.Equal(ExitCode.InTheWay, await stage.RunAsync("man", "--output", theirs));
        Assert.Contains("symbolic link", stage.Errors, StringComparison.Ordinal);
        Assert.Equal([victim], Directory.GetFiles(Path.GetDirectoryName(victim)!));
    }

    [Fact]
    public async Task A_kit_and_a_profile_are_written_through_no_link_of_another_user()
    {
        Require.Root();
        using var stage = await FilesStage.MakeAsync();
        stage.Write("a", "content");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("backup", "--mode", "online"));
        var (theirs, victim) = Foreign();
        Link($"{theirs}/kit", Path.GetDirectoryName(victim)!);
        Link($"{theirs}/profile", victim);
        Assert.Equal(ExitCode.InTheWay, await stage.RunAsync("repo", "kit", $"{theirs}/kit/new"));
        Assert.Equal(ExitCode.InTheWay, await stage.RunAsync("points", "profile", "latest", "--output", $"{theirs}/profile"));
        Assert.Equal(ExitCode.InTheWay, await stage.RunAsync("points", "profile", "latest", "--output", $"{theirs}/kit/profile"));
        Assert.Equal([victim], Directory.GetFileSystemEntries(Path.GetDirectoryName(victim)!));
        Assert.Equal(Whole, File.ReadAllText(victim));

        // A directory of another user is no reason to refuse; the files stay root's.
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "kit", "--with-password", $"{theirs}/own"));
        Assert.Equal(0u, FileStatus.Of($"{theirs}/own/password").Uid);
        File.WriteAllText($"{theirs}/empty", "");
        Assert.Equal(ExitCode.Success, await stage.RunAsync("points", "profile", "latest", "--output", $"{theirs}/empty"));
        Assert.Contains("platform: sample", File.ReadAllText($"{theirs}/empty"), StringComparison.Ordinal);
    }

    /// <summary>A directory of another user, and a file that the user would like to have written.</summary>
    private (string Theirs, string Victim) Foreign()
    {
        var (theirs, victim) = (_folder.Folder("theirs"), _folder.Write("victim/file", Whole));
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0x1ED);
        MetadataCalls.SetOwner(theirs, Nobody, Nobody);
        return (theirs, victim);
    }

    private static void Link(string path, string target)
    {
        File.CreateSymbolicLink(path, target);
        MetadataCalls.SetOwner(path, Nobody, Nobody);
    }
}
