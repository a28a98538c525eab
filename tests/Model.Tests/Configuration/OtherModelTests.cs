using System.Text.Json.Nodes;
using AkkaCp.Model.Configuration;
using Xunit;

namespace AkkaCp.Model.Tests.Configuration;

/// <summary>Keys that would make another model of it are refused by name, wherever they stand.</summary>
public class OtherModelTests
{
    [Theory]
    [InlineData("dual_chunk_attention_config", "{\"chunk_size\": 262144, \"local_size\": 8192}")]
    [InlineData("sparse_attention_config", "{\"enabled\": true}")]
    [InlineData("layer_types", "[\"full_attention\", \"sliding_attention\", \"full_attention\", \"full_attention\"]")]
    [InlineData("layer_types", "[\"linear_attention\", \"linear_attention\", \"linear_attention\", \"full_attention\"]")]
    [InlineData("full_attention_interval", "4")]
    [InlineData("attention_chunk_size", "8192")]
    [InlineData("attn_output_gate", "true")]
    [InlineData("use_qk_norm", "false")]
    [InlineData("qk_layernorm", "false")]
    [InlineData("is_causal", "false")]
    [InlineData("attn_logit_softcapping", "50.0")]
    [InlineData("query_pre_attn_scalar", "224")]
    [InlineData("attention_multiplier", "0.5")]
    [InlineData("qkv_bias", "true")]
    [InlineData("kv_lora_rank", "512")]
    [InlineData("partial_rotary_factor", "0.25")]
    [InlineData("rotary_pct", "0.5")]
    [InlineData("mrope_section", "[24, 20, 20]")]
    [InlineData("no_rope_layers", "[1, 1, 1, 0]")]
    [InlineData("position_embedding_type", "\"alibi\"")]
    [InlineData("scoring_func", "\"sigmoid\"")]
    [InlineData("moe_router_score_function", "\"sigmoid\"")]
    [InlineData("topk_method", "\"noaux_tc\"")]
    [InlineData("n_group", "8")]
    [InlineData("topk_group", "4")]
    [InlineData("routed_scaling_factor", "2.5")]
    [InlineData("use_routing_bias", "true")]
    [InlineData("n_shared_experts", "1")]
    [InlineData("shared_expert_intermediate_size", "512")]
    [InlineData("num_shared_expert", "[1, 1, 1, 1]")]
    [InlineData("first_k_dense_replace", "1")]
    [InlineData("moe_layer_freq", "2")]
    [InlineData("mlp_layer_types", "[\"dense\", \"sparse\", \"sparse\", \"sparse\"]")]
    [InlineData("swiglu_limit", "7.0")]
    [InlineData("hidden_activation", "\"gelu_pytorch_tanh\"")]
    [InlineData("mlp_bias", "true")]
    [InlineData("lm_head_bias", "true")]
    [InlineData("final_logit_softcapping", "30.0")]
    [InlineData("logits_scaling", "8.0")]
    [InlineData("embedding_multiplier", "12.0")]
    [InlineData("residual_multiplier", "0.22")]
    [InlineData("norm_type", "\"layer_norm\"")]
    [InlineData("quantization_config", "{\"quant_method\": \"fp8\"}")]
    [InlineData("compression_config", "{\"quant_method\": \"compressed-tensors\"}")]
    [InlineData("quantization", "{\"group_size\": 64, \"bits\": 4}")]
    [InlineData("text_config", "{\"hidden_size\": 64}")]
    [InlineData("vision_config", "{\"depth\": 27}")]
    [InlineData("num_local_experts", "16")]
    [InlineData("hidden_act", "\"gelu\"")]
    [InlineData("router_score_func", "\"sigmoid\"")]
    [InlineData("moe_router_scoring_function", "\"sigmoid\"")]
    [InlineData("num_shared_experts_per_layer", "2")]
    [InlineData("query_key_norm", "false")]
    [InlineData("moe_gate_bias", "true")]
    [InlineData("attention_sink_bias", "true")]
    [InlineData("sliding_window_size", "512")]
    [InlineData("attn_logits_soft_cap", "30.0")]
    [InlineData("expert_scaling_factor", "2.5")]
    [InlineData("attention_gate_func", "\"silu\"")]
    [InlineData("Weight_Quantization", "\"int4\"")]
    public void Key_IsRefusedByName(string key, string value)
    {
        var error = Assert.Throws<ModelConfigException>(() => ModelConfigTests.Parse(json => json[key] = JsonNode.Parse(value)));

        var reason = Assert.Single(error.Reasons);
        Assert.StartsWith($"{key}: expected ", reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("4096")]
    [InlineData(null)]
    public void SlidingWindow_IsRefused_AlsoWhereItsWidthIsMissing(string? width)
    {
        var error = Assert.Throws<ModelConfigException>(() => ModelConfigTests.Parse(json =>
        {
            json["use_sliding_window"] = true;
            json.Remove("sliding_window");
            if (width is not null)
                json["sliding_window"] = JsonNode.Parse(width);
        }));
        Assert.StartsWith("use_sliding_window: expected false", Assert.Single(error.Reasons), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"rope_theta\": 10000.0, \"rope_type\": \"default\", \"partial_rotary_factor\": 0.5}", "partial_rotary_factor")]
    [InlineData("{\"rope_type\": \"default\", \"mrope_section\": [16, 24, 24]}", "mrope_section")]
    [InlineData("{\"rope_type\": \"default\", \"mrope_interleaved\": true}", "mrope_interleaved")]
    [InlineData("{\"full_attention\": {\"rope_theta\": 1000000}, \"sliding_attention\": {\"rope_theta\": 10000}}", "full_attention")]
    [InlineData("{\"rope_theta\": 10000.0, \"factor\": 4.0}", "rope_type")]
    [InlineData("{\"short_factor\": [1.0], \"long_factor\": [2.0]}", "rope_type")]
    [InlineData("{\"rope_type\": \"longrope\", \"short_factor\": [1.0], \"long_factor\": [2.0]}", "rope_type")]
    [InlineData("{\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0}", "rope_type")]
    [InlineData("{\"type\": \"dynamic\", \"factor\": 2.0}", "type")]
    public void KeyOfTheRotation_IsRefusedByName(string rotation, string key)
    {
        foreach (var name in (string[])["rope_parameters", "rope_scaling"])
        {
            var error = Assert.Throws<ModelConfigException>(() => ModelConfigTests.Parse(json => json[name] = JsonNode.Parse(rotation)));
            Assert.Contains(error.Reasons, reason => reason.StartsWith($"{name}.{key}: ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void TwoDifferentRotations_AreRefused()
    {
        var error = Assert.Throws<ModelConfigException>(() => ModelConfigTests.Parse(json =>
        {
            json["rope_scaling"] = JsonNode.Parse("""{"rope_type": "linear", "factor": 2}""");
            json["rope_parameters"] = JsonNode.Parse("""{"rope_type": "default", "rope_theta": 5}""");
        }));
        Assert.Contains("rope_scaling: expected the same as rope_parameters", error.Message, StringComparison.Ordinal);
    }
}
