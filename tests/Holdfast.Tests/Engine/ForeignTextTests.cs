using System.Text;
using CsCheck;
using Holdfast.Engine.Journals;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

/// <summary>Texts that somebody else may have written are read or refused with a problem; nothing else ever happens. Mutated from good ones.</summary>
public sealed class ForeignTextTests
{
    private static readonly int _seconds = Sample.IsLong ? 600 : 2;

    private static readonly byte[] _journal = """
        {"event":"run-started","run":"r1","verb":"backup","platform":"p","host":"h","process":1,"processStarted":"2020-01-01T00:00:00Z","version":"0","plan":[{"name":"Stop","does":"Stops.","destroys":false}],"time":"2020-01-01T00:00:00Z"}
        {"event":"step-started","step":1,"name":"Stop","time":"2020-01-01T00:00:01Z"}
        {"event":"owed","step":1,"owed":1,"undo":{"kind":"services.start","does":"Start a.service.","arguments":{"units":"a.service","stay":""}},"time":"2020-01-01T00:00:01Z"}
        {"event":"warning","step":1,"problem":{"code":"HF-X","message":"m","hint":"h","exit":0,"transient":false,"details":["d"]},"time":"2020-01-01T00:00:02Z"}
        {"event":"step-failed","step":1,"seconds":1.5,"problem":{"code":"HF-X","message":"m","hint":"h","exit":1,"transient":false,"details":[]},"time":"2020-01-01T00:00:03Z"}
        {"event":"undo-done","owed":1,"time":"2020-01-01T00:00:03Z"}
        {"event":"run-ended","result":"failed","stillOwed":0,"time":"2020-01-01T00:00:04Z"}

        """u8.ToArray();

    private static readonly byte[] _manifest = """
        {"format":1,"platform":"p","runId":"r","mode":"online","holdfastVersion":"0","host":"h","started":"2020-01-01T00:00:00+00:00","ended":"2020-01-01T00:00:00+00:00",
        "components":[{"name":"files","kind":"files","path":"/files","complete":true,"versions":{"a":"1"},"counts":{"b":2},"omissions":[{"what":"x","why":"y"}],"details":{"c":[1,{"d":null}]}}],
        "warnings":[{"code":"HF-X","message":"m","hint":"h","exit":0,"transient":false,"details":["d"]}]}
        """u8.ToArray();

    [Fact]
    public void A_journal_is_read_or_refused()
    {
        using var folder = new TempFolder();
        var file = folder["r1.jsonl"];
        Mutate(_journal, bytes =>
        {
            File.WriteAllBytes(file, bytes);
            var record = JournalRecord.Read(file);
            _ = (JournalRecord.EndsFinished(file), record.IsFinished, record.Owed.Select(owed => owed.Undo.Kind.Length + owed.Undo.Arguments.Count).Sum(), record.Started?.Platform.Length);
        });
    }

    [Fact]
    public void A_profile_is_read_or_refused_and_what_it_reaches_for_can_be_told()
    {
        var sample = File.ReadAllBytes(SourceTree.PathOf("profiles/sample.yaml"));
        Mutate(sample, bytes => _ = ProfileReach.Of(ProfileReader.Parse(Encoding.UTF8.GetString(bytes), "/p.yaml")).IsEmpty);
    }

    [Fact]
    public void A_manifest_is_read_or_refused() =>
        Mutate(_manifest, bytes => _ = ManifestCodec.Write(ManifestCodec.Read(bytes, "p")).Length);

    [Theory]
    [InlineData("a: &a [ *a ]")]
    [InlineData("[")]
    [InlineData("{a: ")]
    public void Text_that_is_nested_without_end_is_refused(string begin)
    {
        foreach (var times in new[] { 1, 100, 100_000 })
        {
            var text = begin.Length == 1 || begin == "{a: " ? string.Concat(Enumerable.Repeat(begin, times)) : begin;
            Assert.Throws<ProblemException>(() => ProfileReader.Parse(text, "/p.yaml"));
            Assert.Throws<ProblemException>(() => ManifestCodec.Read(Encoding.UTF8.GetBytes(text), "p"));
        }
    }

    private static void Mutate(byte[] good, Action<byte[]> read)
    {
        read(good);
        var change = Gen.Select(Gen.Int[0, 4], Gen.Int[0, good.Length - 1], Gen.Int[0, good.Length - 1], Gen.Byte);
        change.Array[1, 6].Sample(changes =>
        {
            var bytes = changes.Aggregate(good, Apply);
            try
            {
                read(bytes);
            }
            catch (ProblemException)
            {
                // Refused, with a code and a hint.
            }
        }, time: _seconds, threads: 1);
    }

    private static byte[] Apply(byte[] bytes, (int Kind, int At, int To, byte Value) change)
    {
        if (bytes.Length == 0) return [change.Value];
        var (at, to) = (Math.Min(change.At, change.To) % bytes.Length, Math.Max(change.At, change.To) % bytes.Length);
        if (at > to) (at, to) = (to, at);
        return change.Kind switch
        {
            0 => [.. bytes[..at], change.Value, .. bytes[(at + 1)..]],
            1 => [.. bytes[..at], .. bytes[to..]],
            2 => [.. bytes[..to], .. bytes[at..]],
            3 => bytes[..to],
            _ => [.. bytes[..at], .. "[{\"'&*:-\0"u8[(change.Value % 9)..], .. bytes[at..]],
        };
    }
}
