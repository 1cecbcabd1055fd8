using System.Text;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;

namespace Holdfast.Components.Queues.Capture;

/// <summary>
/// Finds the keys of a database that a recovery point does not have, for a warning. Bookkeeping keys of Celery and
/// Holdfast are ignored.
/// </summary>
internal sealed class KeySurvey(Broker broker)
{
    /// <summary>
    /// The highest numbers of keys that are scanned, and of keys whose type is read: it is a warning, not an inventory.
    /// </summary>
    private const int Most = 2_000_000, Typed = 20_000;

    private const int Named = 3;

    private readonly byte[][] _covered =
    [
        .. Patterns(broker, [.. broker.Settings.Lists.Where(list => !RedisGlob.IsPattern(list)), .. broker.Settings.Keys, .. broker.Settings.Ignored]),
        .. broker.Settings.Queues.SelectMany(broker.Keys.Buckets).Select(bucket => Encoding.UTF8.GetBytes(RedisGlob.Escape(bucket.Key))),
    ];

    /// <summary>Patterns of lists take no keys of other types.</summary>
    private readonly byte[][] _lists = [.. Patterns(broker, [.. broker.Settings.Lists.Where(RedisGlob.IsPattern)])];

    private readonly List<byte[]> _others = [], _doubtful = [];
    private long _count, _results, _aside;

    /// <summary>Warns of what is left out, with counts by type, and notes it in the record.</summary>
    public async Task ReportAsync(StepContext context, Action<string, string> omit, CancellationToken cancellation)
    {
        try
        {
            var isAll = await CountAsync(cancellation);
            await using var redis = await broker.Connector.OpenAsync(cancellation);
            var scan = new KeyScan(redis);
            var described = (await scan.DescribeAsync(_others, cancellation)).Concat((await scan.DescribeAsync(_doubtful, cancellation)).Where(key => key.Type != "list")).ToList();
            _count += described.Count - _others.Count;
            if (_aside > 0) ReportAside(context, omit);
            if (_results > 0) context.Note($"{_results} results of Celery's tasks (celery-task-meta-*) are not in the recovery point; 'keys' of the broker takes them.");
            if (_count > 0) Report(described, isAll, context, omit);
        }
        catch (ProblemException refused) when (refused.Problem.Code == Catalogue.QueuePermission.Code)
        {
            context.Note($"The user may not list the keys of {broker.Settings.Name} (SCAN), so keys that nothing covers are not reported.");
        }
    }

    private void ReportAside(StepContext context, Action<string, string> omit)
    {
        var what = $"{Quantity.Of(_aside, "key")} of database {broker.Settings.Connection.Database} ({broker.Settings.KeyPrefix}holdfast:aside:*)";
        omit(what, "a restore had moved it aside");
        context.Note($"What a restore had moved aside is not in the recovery point of {broker.Settings.Name}: {what}. Delete it when you do not need it any more; the profile captures a key that it names in full.");
    }

    private void Report(List<RedisKey> described, bool isAll, StepContext context, Action<string, string> omit)
    {
        var types = string.Join(", ", described.GroupBy(key => key.Type == "?" ? "unknown" : key.Type, StringComparer.Ordinal).OrderByDescending(group => group.Count()).Select(group => $"{group.Count()} {group.Key}"));
        var typed = _count > described.Count ? $" (of the first {described.Count}: {types})" : $": {types}";
        var what = $"{(isAll ? "" : "more than ")}{_count} {(_count == 1 ? "key" : "keys")} of database {broker.Settings.Connection.Database}{typed}";
        omit(what, "the profile names them neither in 'queues', 'lists' and 'keys' nor in 'ignore'");
        context.Warn(Catalogue.QueueUncovered.With($"Not in the recovery point of {broker.Settings.Name}: {what}, such as {string.Join(", ", described.Take(Named).Select(key => $"'{key.Shown}'"))}."));
    }

    /// <summary>Looks at every name; false when there were too many.</summary>
    private async Task<bool> CountAsync(CancellationToken cancellation)
    {
        await using var redis = await broker.Connector.OpenAsync(cancellation);
        var seen = 0L;
        await foreach (var key in new KeyScan(redis).ScanAsync(null, cancellation))
        {
            if (++seen > Most) return false;
            if (broker.Keys.IsBookkeeping(key))
            {
                if (broker.Keys.IsAside(key)) _aside++;
                continue;
            }
            if (FitsAny(_covered, key)) continue;
            if (FitsAny(_lists, key))
            {
                if (_doubtful.Count < Typed) _doubtful.Add(key);
            }
            else if (broker.Keys.IsResult(key)) _results++;
            else if (++_count <= Typed) _others.Add(key);
        }
        return true;
    }

    private static bool FitsAny(byte[][] patterns, byte[] key)
    {
        foreach (var pattern in patterns)
            if (RedisGlob.Fits(pattern, key)) return true;
        return false;
    }

    private static IEnumerable<byte[]> Patterns(Broker broker, IEnumerable<string> patterns) => patterns.Select(pattern => Encoding.UTF8.GetBytes(RedisGlob.Escape(broker.Settings.KeyPrefix) + pattern));
}
