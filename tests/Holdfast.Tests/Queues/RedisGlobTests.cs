using System.Text;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;
using Holdfast.Components.Queues.Restore;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Xunit;

namespace Holdfast.Tests.Queues;

/// <summary>Patterns of keys are Redis' own, and a profile that names nothing, or a pattern where a name is needed, is refused.</summary>
public sealed class RedisGlobTests
{
    [Theory]
    [InlineData("queue:*", "queue:push", true)]
    [InlineData("queue:*", "queue:", true)]
    [InlineData("queue:*", "Queue:push", false)]
    [InlineData("*", "", true)]
    [InlineData("a*b*c", "aXXbYYbZc", true)]
    [InlineData("a*b*c", "aXXbYYbZ", false)]
    [InlineData("h?llo", "hello", true)]
    [InlineData("h?llo", "hllo", false)]
    [InlineData("h[ae]llo", "hallo", true)]
    [InlineData("h[^e]llo", "hello", false)]
    [InlineData("h[^e]llo", "hallo", true)]
    [InlineData("h[a-c]llo", "hbllo", true)]
    [InlineData("h[c-a]llo", "hbllo", true)]
    [InlineData("a\\*b", "a*b", true)]
    [InlineData("a\\*b", "aXb", false)]
    [InlineData("a[\\]]b", "a]b", true)]
    [InlineData("a[b", "ab", true)]
    [InlineData("a\\", "a\\", true)]
    public void A_key_fits_a_pattern_as_in_redis(string pattern, string key, bool fits) => Assert.Equal(fits, RedisGlob.Fits(Encoding.UTF8.GetBytes(pattern), Encoding.UTF8.GetBytes(key)));

    [Theory]
    [InlineData("plain", false, "plain")]
    [InlineData("queue:*", true, "queue:*")]
    [InlineData("odd\\*name", false, "odd*name")]
    [InlineData("odd\\[name\\]", false, "odd[name]")]
    public void A_backslash_makes_a_name_of_a_pattern(string text, bool isPattern, string literal)
    {
        Assert.Equal(isPattern, RedisGlob.IsPattern(text));
        if (!isPattern) Assert.Equal(literal, RedisGlob.Literal(text));
        Assert.True(RedisGlob.Fits(Encoding.UTF8.GetBytes(RedisGlob.Escape(text)), Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void Many_stars_take_no_time() => Assert.False(RedisGlob.Fits(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("*a", 200)) + "b"), Encoding.UTF8.GetBytes(new string('a', 20_000))));

    [Theory]
    [InlineData("{ name: a }", "at least one item")]
    [InlineData("{ name: a, queues: [], lists: [] }", "at least one item")]
    [InlineData("{ name: a, queues: ['work*'] }", "is a pattern")]
    [InlineData("{ name: a, queues: [{ name: 'work?', drain: false }] }", "is a pattern")]
    public void A_broker_without_anything_or_with_a_pattern_among_celerys_queues_is_refused(string broker, string says)
    {
        var mistake = Assert.Single(ProfileReader.FindMistakes($"platform: x\ncomponents: {{ queues: [ {broker} ] }}"));
        Assert.Contains(says, mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_profile_says_of_draining_and_keys_is_read()
    {
        const string profile = "platform: x\ncomponents: { queues: [ { name: a, queues: [work], lists: ['queue:*', { name: 'slow:*', drain: false }], keys: [retry, 'stat:*'], ignore: ['cache:*'], stall-timeout: 9s } ] }";
        Assert.Empty(ProfileReader.FindMistakes(profile));
        var settings = QueuesSettings.Read(ProfileReader.Parse(profile, "x.yaml").Root["components"]["queues"].Items[0]);
        Assert.Equal(["queue:*", "slow:*"], settings.Lists);
        Assert.Equal(["slow:*"], settings.Undrained);
        Assert.Equal(["retry", "stat:*"], settings.Keys);
        Assert.Equal(["cache:*"], settings.Ignored);
        Assert.Equal(TimeSpan.FromSeconds(9), settings.StallTimeout);
    }

    [Theory]
    [InlineData("6.2.1", 10, false)]
    [InlineData("7.0.15", 10, true)]
    [InlineData("7.0.15", 11, false)]
    [InlineData("9.9.9", 99, true)]
    public void A_server_that_is_too_old_for_a_value_is_found_by_its_version(string version, int payload, bool isGood)
    {
        var failure = Record.Exception(() => PayloadVersion.Check(payload, version, "x"));
        Assert.Equal(isGood, failure is null);
        if (failure is ProblemException refused) Assert.Equal(Catalogue.QueuePayload.Code, refused.Problem.Code);
    }
}
