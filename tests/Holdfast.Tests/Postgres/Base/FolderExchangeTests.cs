using System.Diagnostics;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Postgres.Base;

/// <summary>Folders that belong together change places all of them or none, wherever it is cut off.</summary>
public sealed class FolderExchangeTests
{
    [Fact]
    public async Task Cut_off_after_any_rename_the_old_folders_come_back_and_a_second_undo_changes_nothing()
    {
        for (var done = 0; done <= 5; done++)
        {
            using var root = new TempFolder();
            var folders = Make(root);
            var exchange = new FolderExchange("main");
            var undo = exchange.PutBack(folders);
            Assert.Equal(5, FolderExchange.Moves(folders).Count());
            foreach (var (from, to) in FolderExchange.Moves(folders).Take(done)) Directory.Move(from, to);

            for (var time = 0; time < 2; time++)
            {
                await exchange.UndoAsync(undo, TestContext.Current.CancellationToken);
                Assert.Equal("old", File.ReadAllText(root["data/is"]));
                Assert.Equal("old", File.ReadAllText(root["fast/PG_15/is"]));
                Assert.False(Directory.Exists(root["empty/PG_15"]));
                Assert.Equal(["new", "new", "new"], folders.Select(folder => File.ReadAllText($"{folder.Growing}/is")));
                Assert.DoesNotContain(Directory.GetDirectories(root.Path, "*", SearchOption.AllDirectories), path => path.EndsWith(".before", StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public async Task What_grew_may_be_gone_when_the_old_folders_come_back()
    {
        for (var done = 0; done <= 5; done++)
        {
            using var root = new TempFolder();
            var folders = Make(root);
            var exchange = new FolderExchange("main");
            foreach (var (from, to) in FolderExchange.Moves(folders).Take(done)) Directory.Move(from, to);
            foreach (var folder in folders.Where(folder => Directory.Exists(folder.Growing))) Directory.Delete(folder.Growing, recursive: true);
            await exchange.UndoAsync(exchange.PutBack(folders), TestContext.Current.CancellationToken);
            Assert.Equal("old", File.ReadAllText(root["data/is"]));
            Assert.Equal("old", File.ReadAllText(root["fast/PG_15/is"]));
        }
    }

    [Theory]
    [InlineData("data")]
    [InlineData("data.before")]
    [InlineData("fast/PG_15")]
    public async Task A_link_of_another_user_in_the_place_of_a_folder_ends_the_undo_for_good_and_nothing_is_moved(string place)
    {
        Require.Root();
        using var root = new TempFolder();
        var folders = Make(root);
        var exchange = new FolderExchange("main");
        FolderExchange.Run(folders);
        if (Directory.Exists(root[place])) Directory.Move(root[place], root["moved"]);
        Directory.CreateSymbolicLink(root[place], root["moved"]);
        (await Command.RunAsync("chown", ["-h", "65534", root[place], root.Path])).Succeeded();
        var lost = await Assert.ThrowsAsync<ProblemException>(() => exchange.UndoAsync(exchange.PutBack(folders), TestContext.Current.CancellationToken));
        Assert.Equal(("HF-UNDO-LOST", true), (lost.Problem.Code, lost.Message.Contains($"{root[place]} is a link that another user has made", StringComparison.Ordinal)));
        Assert.Contains(root["data.before"], lost.Problem.Hint + lost.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Under_a_server_that_was_started_meanwhile_nothing_is_moved()
    {
        using var root = new TempFolder();
        var folders = Make(root);
        var exchange = new FolderExchange("main");
        FolderExchange.Run(folders);
        using var server = Process.Start(new ProcessStartInfo("sleep", "600") { WorkingDirectory = root["data"] })!; // a server works in its data directory
        File.WriteAllText(root["data/postmaster.pid"], $"{server.Id}\n");
        var refused = await Assert.ThrowsAsync<ProblemException>(() => exchange.UndoAsync(exchange.PutBack(folders), TestContext.Current.CancellationToken));
        Assert.Equal("HF-PG-RUNNING", refused.Problem.Code);
        Assert.Equal("new", File.ReadAllText(root["data/is"]));
        server.Kill();
        await server.WaitForExitAsync(TestContext.Current.CancellationToken);

        // The number of one that has died is another program's by now.
        File.WriteAllText(root["data/postmaster.pid"], $"{Environment.ProcessId}\n");
        await exchange.UndoAsync(exchange.PutBack(folders), TestContext.Current.CancellationToken);
        Assert.Equal("old", File.ReadAllText(root["data/is"]));
    }

    /// <summary>A data directory, a tablespace, and another one where nothing stood.</summary>
    private static IReadOnlyList<ExchangedFolder> Make(TempFolder root)
    {
        root.Write("data/is", "old");
        root.Write("fast/PG_15/is", "old");
        root.Write("data.growing/is", "new");
        root.Write("fast/growing/PG_15/is", "new");
        root.Write("empty/growing/PG_15/is", "new");
        return
        [
            new ExchangedFolder(root["data.growing"], root["data"], root["data.before"]),
            new ExchangedFolder(root["fast/growing/PG_15"], root["fast/PG_15"], root["fast/PG_15.before"]),
            new ExchangedFolder(root["empty/growing/PG_15"], root["empty/PG_15"], null),
        ];
    }
}
