using System.Buffers;
using System.Text;
using CsCheck;
using Holdfast.Components.Queues.Archives;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.Tests.Queues;

/// <summary>Lines of a queue's file give back what went in, whatever the bytes.</summary>
public sealed class QueueLinesTests
{
    [Fact]
    public void Any_bytes_come_back_exactly() =>
        Gen.Select(Gen.Byte.Array[0, 300], Gen.Int[0, 255], Gen.Double[0, 4e9]).Sample((bytes, priority, taken) =>
        {
            var back = RoundTrip(new ArchivedMessage(MessageState.Waiting, priority, bytes) { Taken = taken });
            return back.Content.Span.SequenceEqual(bytes) && back.Priority == priority && (taken <= 0 || back.Taken.Equals(taken));
        });

    [Fact]
    public void Any_text_comes_back_exactly_and_is_readable() =>
        Gen.String[0, 100].Sample(text =>
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            return RoundTrip(new ArchivedMessage(MessageState.Waiting, 0, bytes)).Content.Span.SequenceEqual(bytes) && !Line(new ArchivedMessage(MessageState.Waiting, 0, bytes)).Contains("base64", StringComparison.Ordinal);
        });

    [Fact]
    public void A_line_says_what_a_person_looks_for()
    {
        const string message = """{"body": "W10=", "headers": {"id": "t1", "task": "shop.mail", "eta": "2030-01-01T00:00:00"}, "properties": {"priority": 6}}""";
        Assert.Equal(
            """{"state":"waiting","priority":6,"id":"t1","task":"shop.mail","eta":"2030-01-01T00:00:00","text":""" + $"\"{message.Replace("\"", "\\\"", StringComparison.Ordinal)}\"}}\n",
            Line(new ArchivedMessage(MessageState.Waiting, 6, Encoding.UTF8.GetBytes(message))));
    }

    [Fact]
    public void The_first_protocol_has_the_facts_in_its_body()
    {
        var body = Convert.ToBase64String("""{"id": "t2", "task": "old", "eta": null, "retries": 1}"""u8);
        var facts = CeleryMessage.Read(Encoding.UTF8.GetBytes($$$"""{"body": "{{{body}}}", "headers": {}, "properties": {"delivery_tag": "d"}}"""));
        Assert.Equal(("t2", "old", null, 1L, "d"), (facts.TaskId, facts.Task, facts.Eta, facts.Retries, facts.Tag));
    }

    [Fact]
    public void What_a_worker_had_taken_keeps_the_bytes_of_its_message()
    {
        var taken = UnackedMessage.Read(Encoding.UTF8.GetBytes("""[ {"b" : [1, {"c": "]"}]} , "ex", "rk"]"""));
        Assert.Equal(("""{"b" : [1, {"c": "]"}]}""", "ex", "rk"), (Encoding.UTF8.GetString(taken!.Message.Span), taken.Exchange, taken.RoutingKey));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("[{}]")]
    [InlineData("[1, \"a\", \"b\"]")]
    [InlineData("[{}, 1, \"b\"]")]
    [InlineData("[{\"a\": ")]
    public void What_kombu_would_not_write_is_no_message(string value) => Assert.Null(UnackedMessage.Read(Encoding.UTF8.GetBytes(value)));

    [Fact]
    public void Rubbish_has_nothing_to_say_and_never_fails() => Gen.Byte.Array[0, 60].Sample(bytes => CeleryMessage.Read("{"u8.ToArray().Concat(bytes).ToArray()).TaskId is null);

    [Fact]
    public void A_message_is_told_by_its_id_its_tries_its_tag_and_its_body_however_it_is_written()
    {
        static UInt128 Identity(string json) => CeleryMessage.IdentityOf(Encoding.UTF8.GetBytes(json));
        var first = Identity("""{"body": "YQ==", "headers": {"id": "t", "retries": 0}, "properties": {"delivery_tag": "a"}}""");
        Assert.Equal(first, Identity("""{"properties":{"delivery_tag":"a","redelivered":true},"headers":{"retries":0,"id":"t"},"body":"YQ=="}"""));
        Assert.NotEqual(first, Identity("""{"body": "YQ==", "headers": {"id": "t", "retries": 1}, "properties": {"delivery_tag": "a"}}"""));
        Assert.NotEqual(first, Identity("""{"body": "YQ==", "headers": {"id": "t", "retries": 0}, "properties": {"delivery_tag": "b"}}"""));
        Assert.NotEqual(first, Identity("""{"body": "Yg==", "headers": {"id": "t", "retries": 0}, "properties": {"delivery_tag": "a"}}"""));
        Assert.NotEqual(Identity("""{"headers": {"id": "t"}}"""), Identity("""{"headers": {"id": "t "}}"""));
        Assert.Equal(Identity("any bytes"), Identity("any bytes"));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("""{"state":"flying","priority":0,"text":"x"}""")]
    [InlineData("""{"state":"waiting","priority":0,"base64":"?"}""")]
    public void A_line_that_is_none_is_told_with_its_file(string line)
    {
        var problem = Assert.Throws<ProblemException>(() => QueueLines.ReadMessage(Encoding.UTF8.GetBytes(line), "/queues/main/a.jsonl")).Problem;
        Assert.Equal(Catalogue.QueueArchive.Code, problem.Code);
        Assert.Contains("/queues/main/a.jsonl", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("celery", "/queues/main/celery.jsonl")]
    [InlineData("queue:graph:inbound", "/queues/main/queue:graph:inbound.jsonl")]
    [InlineData("../../etc/passwd", "/queues/main/%2E%2E%2F%2E%2E%2Fetc%2Fpasswd.jsonl")]
    [InlineData("naïve", "/queues/main/na%C3%AFve.jsonl")]
    public void No_name_of_a_queue_is_a_path(string name, string file) => Assert.Equal(file, QueuePath.File("main", new QueueName(name, true)));

    private static ArchivedMessage RoundTrip(ArchivedMessage message) => QueueLines.ReadMessage(Encoding.UTF8.GetBytes(Line(message).TrimEnd('\n')), "x");

    private static string Line(ArchivedMessage message)
    {
        var output = new ArrayBufferWriter<byte>();
        QueueLines.WriteMessage(output, message);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
