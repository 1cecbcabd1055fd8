using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Hostile;

/// <summary>Repositories that have lost the files which open them, or have got strange ones.</summary>
public sealed class LostConfigTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repository_without_its_config_is_never_made_anew_and_opens_when_it_is_back()
    {
        await using var forge = await Forge.MakeAsync();
        var config = forge.Backend[FileKind.Config, ""];
        await forge.Backend.RemoveAsync(FileKind.Config, "", Now);
        Assert.Equal(ResticError.ConfigLost, (await FailAsync(forge.ReopenAsync)).Error);
        Assert.Equal(ResticError.ConfigLost, (await FailAsync(() => InitAsync(forge.Backend))).Error);
        forge.Backend[FileKind.Config, ""] = config;
        await forge.ReopenAsync();
    }

    [Theory]
    [InlineData(FileKind.Snapshot)]
    [InlineData(FileKind.Index)]
    [InlineData(FileKind.Pack)]
    [InlineData(FileKind.Lock)]
    [InlineData(FileKind.Key)]
    public async Task Whatever_is_left_of_a_repository_keeps_a_new_one_away(FileKind kind)
    {
        var backend = new MemoryBackend();
        await backend.CreateAsync(Now);
        backend[kind, Id.Hash([1]).ToString()] = [1, 2, 3];
        Assert.Equal(ResticError.ConfigLost, (await FailAsync(() => InitAsync(backend))).Error);
        Assert.Empty(backend.Names(FileKind.Config));
    }

    [Fact]
    public async Task Lost_keys_are_no_missing_repository()
    {
        await using var forge = await Forge.MakeAsync();
        foreach (var key in forge.Backend.Names(FileKind.Key)) await forge.Backend.RemoveAsync(FileKind.Key, key, Now);
        Assert.Equal(ResticError.KeysLost, (await FailAsync(forge.ReopenAsync)).Error);
        Assert.Equal(ResticError.AlreadyThere, (await FailAsync(() => InitAsync(forge.Backend))).Error);
    }

    [Fact]
    public async Task A_key_of_another_repository_with_the_same_password_is_passed_over()
    {
        await using var forge = await Forge.MakeAsync();
        for (var i = 0; i < 8; i++) // they are listed in no order
        {
            await using var other = await Forge.MakeAsync();
            foreach (var key in other.Backend.Names(FileKind.Key)) forge.Backend[FileKind.Key, key] = other.Backend[FileKind.Key, key];
        }
        await forge.ReopenAsync();
        Assert.Equal(9, (await forge.Repository.ListKeysAsync(Now)).Count);
    }

    [Fact]
    public async Task A_key_file_without_the_time_of_its_making_opens_as_rustic_writes_it()
    {
        await using var forge = await Forge.MakeAsync();
        await ChangeKeyAsync(forge, key => key.Remove("created"));
        await forge.ReopenAsync();
        Assert.Single(await forge.Repository.ListKeysAsync(Now));
    }

    [Fact]
    public async Task A_key_with_a_derivation_that_is_not_known_stands_in_nobodys_way()
    {
        await using var forge = await Forge.MakeAsync();
        for (var i = 0; i < 8; i++)
        {
            var number = i;
            await AddKeyAsync(forge, key => (key["kdf"], key["hostname"]) = ("argon2", $"h{number}"));
        }
        await forge.ReopenAsync();
    }

    [Theory]
    [InlineData(1 << 24, 8, 1, ResticError.Unsupported)]
    [InlineData(2, 1, int.MaxValue, ResticError.Unsupported)]
    [InlineData(int.MaxValue, int.MaxValue, int.MaxValue, ResticError.Damaged)]
    [InlineData(1 << 30, int.MaxValue, 1, ResticError.Unsupported)]
    [InlineData(0, 8, 1, ResticError.Damaged)]
    [InlineData(-2, 8, 1, ResticError.Damaged)]
    [InlineData(2, -1, 1, ResticError.Damaged)]
    public async Task A_key_file_never_asks_for_all_of_the_memory_or_the_time(int n, int r, int p, ResticError expected)
    {
        await using var forge = await Forge.MakeAsync();
        await ChangeKeyAsync(forge, key => (key["N"], key["r"], key["p"]) = (n, r, p));
        Assert.Equal(expected, (await FailAsync(forge.ReopenAsync)).Error);
    }

    [Fact]
    public async Task An_init_that_can_not_write_its_config_leaves_no_key_behind()
    {
        var memory = new MemoryBackend();
        var faulty = new FaultyBackend(memory);
        faulty.Fail(BackendCalls.Save, from: 2);
        Assert.Equal(ResticError.InputOutput, (await FailAsync(() => InitAsync(faulty))).Error);
        Assert.Empty(memory.Names(FileKind.Key));
    }

    private static Task<Repository> InitAsync(IBackend backend) => Repository.InitAsync(backend, "password", new InitOptions { KeyDerivation = Forge.Cheap }, cancellation: Now);

    private static async Task ChangeKeyAsync(Forge forge, Action<JsonObject> change)
    {
        var old = forge.Backend.Names(FileKind.Key).Single();
        await AddKeyAsync(forge, change);
        await forge.Backend.RemoveAsync(FileKind.Key, old, Now);
    }

    private static async Task AddKeyAsync(Forge forge, Action<JsonObject> change)
    {
        var key = JsonNode.Parse(forge.Backend[FileKind.Key, forge.Backend.Names(FileKind.Key)[0]])!.AsObject();
        change(key);
        var bytes = Encoding.UTF8.GetBytes(key.ToJsonString());
        await forge.Backend.SaveAsync(FileKind.Key, Id.Hash(bytes).ToString(), bytes, Now);
    }

    private static Task<ResticException> FailAsync(Func<Task> action) => Assert.ThrowsAsync<ResticException>(action);
}
